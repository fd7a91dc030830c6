// The one door: who is let in, what is recorded, what comes back.
#include <thread>

#include "common/base/status.h"
#include "tests/wire/rpc/closed_door.h"
#include "tests/wire/rpc/probe_rig.h"

namespace tongjian::rpc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Stub = pb::ProbeService::Stub;

TEST(Door, ClosedAnswersEveryMethodUnauthenticated) {
  Rig rig({.closed = true});
  const std::vector<MethodAnswer> answers = CallEveryMethod(rig.Inside(), rig.gate_->rules());
  EXPECT_THAT(answers, SizeIs(5));
  for (const MethodAnswer& answer : answers) {
    EXPECT_EQ(answer.code,
              answer.anonymous ? absl::StatusCode::kOk : absl::StatusCode::kUnauthenticated)
        << answer.method;
  }
}

TEST(Door, LetsAServiceInWithItsSignedPrincipal) {
  Rig rig;
  EXPECT_TRUE(rig.Invoke(&Stub::Read, rig.Inside(), rig.AsService()).ok());
  EXPECT_EQ(rig.response_.caller(), "service:reading");
}

TEST(Door, KnowsForWhomAServiceActs) {
  Rig rig;
  security::Caller person;
  person.kind = security::CallerKind::kPerson;
  person.user_id = "u9";
  person.facility_id = "f1";
  ASSERT_TRUE(rig.Invoke(&Stub::Read, rig.Inside(), rig.AsService(), &person).ok());
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].actor().service(), "reading");
  EXPECT_EQ(trail[0].actor().on_behalf_of().user_id(), "u9");
}

TEST(Door, RefusesAPersonWithoutThePermissionAndRecordsIt) {
  Rig rig;
  const absl::Status write = rig.Invoke(&Stub::Write, rig.Plain(), rig.AsPerson("auditor"));
  EXPECT_EQ(write.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(base::DetailOf(write).reason, "PERMISSION_DENIED");
  const auto record = rig.Trail().back();
  EXPECT_EQ(record.method(), "tongjian.probe.v1.ProbeService/Write");
  EXPECT_EQ(record.code(), 7);
  EXPECT_EQ(record.reason(), common::v1::ERROR_REASON_PERMISSION_DENIED);
  EXPECT_EQ(record.actor().user_id(), "u1");
  EXPECT_EQ(record.peer(), "127.0.0.1");
}

TEST(Door, RecordsARefusalOfTheUnknownOnMethodsWithoutPatientsToo) {
  Rig rig;
  EXPECT_EQ(rig.Invoke(&Stub::Look, rig.Plain(), OutgoingIdentity::Person("no token")).code(),
            absl::StatusCode::kUnauthenticated);
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].code(), 16);
  EXPECT_EQ(trail[0].actor().kind(), "ANONYMOUS");
}

TEST(Door, RecordsAReadWithThePatientsItTouched) {
  Rig rig;
  ASSERT_TRUE(rig.Invoke(&Stub::Read, rig.Plain(), rig.AsPerson("clinic_doctor")).ok());
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].code(), 0);
  EXPECT_EQ(trail[0].request_id(), rig.response_.request_id());
  EXPECT_EQ(trail[0].service(), "probe");
  EXPECT_EQ(trail[0].phase(), audit::v1::PHASE_WHOLE);
  ASSERT_EQ(trail[0].patients_size(), 1);
  EXPECT_EQ(trail[0].patients(0).patient_id(), "patient-1");
}

TEST(Door, LeavesNoRecordOfWhatTouchesNoPatient) {
  Rig rig;
  ASSERT_TRUE(rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService()).ok());
  EXPECT_THAT(rig.Trail(), IsEmpty());
}

TEST(Door, FailsTheReadThatItCannotRecord) {
  Rig rig;
  rig.sink_->broken = true;
  const absl::Status status = rig.Invoke(&Stub::Read, rig.Inside(), rig.AsService());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(rig.response_.caller(), "");  // No data came with it.
  rig.sink_->broken = false;
  EXPECT_TRUE(rig.Invoke(&Stub::Read, rig.Inside(), rig.AsService()).ok());
}

TEST(Door, LeavesOneRecordOfAChangeThatRecordedItself) {
  Rig rig;
  rig.sink_->broken = true;  // Not needed: the record is part of the transaction.
  ASSERT_TRUE(rig.Invoke(&Stub::Write, rig.Inside(), rig.AsService()).ok());
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(1));
  EXPECT_EQ(trail[0].code(), 0);
}

TEST(Door, RecordsTheFailureOfAChangeThatWasUndone) {
  Rig rig;
  EXPECT_FALSE(rig.Invoke(&Stub::Write, rig.Inside(), rig.AsService(), nullptr, "fail").ok());
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(1));  // The record of success went with the transaction.
  EXPECT_EQ(trail[0].code(), 3);
  EXPECT_EQ(trail[0].reason(), common::v1::ERROR_REASON_INVALID_FIELD);
}

TEST(Door, SendsReasonAndFieldBack) {
  Rig rig;
  const absl::Status status =
      rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService(), nullptr, "fail");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::DetailOf(status).reason, "INVALID_FIELD");
  EXPECT_EQ(base::DetailOf(status).field, "deed");
}

TEST(Door, TurnsAnExceptionIntoInternalAndKeepsItsWords) {
  Rig rig;
  const absl::Status status =
      rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService(), nullptr, "throw");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), ::testing::Not(HasSubstr("王小明")));
}

TEST(Door, WantsADeadline) {
  Rig rig;
  const auto stub = pb::ProbeService::NewStub(rig.Inside());
  ClientCall call(rig.AsService(), {.timeout = absl::InfiniteDuration()});
  const absl::Status status = call.Result(stub->Look(call.context(), {}, &rig.response_));
  EXPECT_EQ(base::DetailOf(status).reason, "DEADLINE_REQUIRED");

  Rig lenient({.deadline_required = false});
  const auto lenient_stub = pb::ProbeService::NewStub(lenient.Inside());
  ClientCall other(lenient.AsService(), {.timeout = absl::InfiniteDuration()});
  EXPECT_TRUE(other.Result(lenient_stub->Look(other.context(), {}, &lenient.response_)).ok());
}

TEST(Door, PassesTheRequestIdOnAndReturnsIt) {
  Rig rig;
  const auto stub = pb::ProbeService::NewStub(rig.Inside());
  ClientCall call(rig.AsService(), {.request_id = "trace-17"});
  ASSERT_TRUE(call.Result(stub->Look(call.context(), {}, &rig.response_)).ok());
  EXPECT_EQ(rig.response_.request_id(), "trace-17");
  EXPECT_EQ(call.context()->GetServerTrailingMetadata().find("x-request-id")->second, "trace-17");
}

TEST(Door, TurnsAPeerWithTooMuchAwayAndSaysWhenToComeBack) {
  Rig rig({.load = {.unary_per_peer_max = 1}});
  std::thread first([&] {
    Rig::Method look = &Stub::Look;
    const auto stub = pb::ProbeService::NewStub(rig.Plain());
    ClientCall call(rig.AsService(), {.timeout = absl::Seconds(20)});
    pb::ProbeRequest request;
    request.set_deed("wait");
    pb::ProbeResponse response;
    EXPECT_TRUE(call.Result((stub.get()->*look)(call.context(), request, &response)).ok());
  });
  rig.grpc_->AwaitWaiting();
  const auto stub = pb::ProbeService::NewStub(rig.Plain());
  ClientCall second(rig.AsService(), {});
  const absl::Status status = second.Result(stub->Look(second.context(), {}, &rig.response_));
  EXPECT_EQ(base::DetailOf(status).reason, "OVERLOADED");
  EXPECT_EQ(second.context()->GetServerTrailingMetadata().find("retry-after-ms")->second, "500");
  EXPECT_THAT(rig.Trail(), IsEmpty());
  // Calls within the process are never counted.
  EXPECT_TRUE(rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService()).ok());
  rig.grpc_->LetGo();
  first.join();
  EXPECT_TRUE(rig.Invoke(&Stub::Look, rig.Plain(), rig.AsService()).ok());
}

TEST(Door, RecordsTheOpeningOfAStreamAndItsEnd) {
  Rig rig;
  const auto stub = pb::ProbeService::NewStub(rig.Inside());
  ClientCall call(rig.AsService(), {.timeout = absl::InfiniteDuration()});
  pb::ProbeRequest request;
  request.set_patient_id("patient-1");
  const auto reader = stub->Watch(call.context(), request);
  ASSERT_TRUE(reader->Read(&rig.response_));
  EXPECT_EQ(rig.Trail().front().phase(), audit::v1::PHASE_OPENED);  // Before the data came.
  EXPECT_FALSE(reader->Read(&rig.response_));
  EXPECT_TRUE(reader->Finish().ok());
  const auto trail = rig.Trail();
  ASSERT_THAT(trail, SizeIs(2));
  EXPECT_EQ(trail[1].phase(), audit::v1::PHASE_CLOSED);
  EXPECT_EQ(trail[1].patients(0).patient_id(), "patient-1");
}

TEST(Door, RefusesAStreamWithoutIdentityOrTrail) {
  Rig rig;
  const auto stub = pb::ProbeService::NewStub(rig.Inside());
  grpc::ClientContext stranger;
  EXPECT_EQ(stub->Watch(&stranger, {})->Finish().error_code(), grpc::StatusCode::UNAUTHENTICATED);
  rig.sink_->broken = true;
  ClientCall call(rig.AsService(), {});
  EXPECT_EQ(call.Result(stub->Watch(call.context(), {})->Finish()).code(),
            absl::StatusCode::kUnavailable);
}

TEST(Door, CountsCallsByMethodAndCode) {
  Rig rig;
  ASSERT_TRUE(rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService()).ok());
  ASSERT_FALSE(rig.Invoke(&Stub::Look, rig.Inside(), rig.AsService(), nullptr, "fail").ok());
  const std::string text = rig.metrics_.Expose();
  EXPECT_THAT(
      text,
      HasSubstr(
          "tongjian_rpc_total{code=\"OK\",method=\"tongjian.probe.v1.ProbeService/Look\"} 1"));
  EXPECT_THAT(
      text,
      HasSubstr("{code=\"INVALID_ARGUMENT\",method=\"tongjian.probe.v1.ProbeService/Look\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("tongjian_rpc_running{method=\"tongjian.probe.v1.ProbeService/Look\"} 0"));
}

}  // namespace
}  // namespace tongjian::rpc
