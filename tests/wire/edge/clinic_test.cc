// A clinic at work while its hub comes and goes.
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "services/edge/enrollment.h"
#include "tests/wire/edge/clinic.h"
#include "tongjian/edge/v1/edge.grpc.pb.h"
#include "tongjian/exchange/v1/recognition.grpc.pb.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::edge {
namespace {

using exchange::v1::ResultService;
using orders::v1::OrderService;

class Gateway : public ClinicTest {
 protected:
  orders::v1::ListOrdersResponse OrdersAtHub() {
    orders::v1::ListOrdersResponse list;
    const absl::Status status = AtHub<OrderService>(&OrderService::Stub::ListOrders,
                                                    orders::v1::ListOrdersRequest(), &list);
    EXPECT_TRUE(status.ok()) << status;
    return list;
  }

  imaging::v1::ListStudiesResponse StudiesAtHub() {
    imaging::v1::ListStudiesResponse list;
    using imaging::v1::StudyService;
    const absl::Status status = AtHub<StudyService>(&StudyService::Stub::ListStudies,
                                                    imaging::v1::ListStudiesRequest(), &list);
    EXPECT_TRUE(status.ok()) << status;
    return list;
  }

  v1::ListSpoolResponse Spool() {
    v1::ListSpoolResponse list;
    const absl::Status status = AtGateway<v1::EdgeService>(&v1::EdgeService::Stub::ListSpool,
                                                           v1::ListSpoolRequest(), &list);
    EXPECT_TRUE(status.ok()) << status;
    return list;
  }

  absl::StatusOr<orders::v1::Order> Cancel(const std::string& id) {
    orders::v1::CancelOrderRequest request;
    request.set_request_id("cancel-" + id);
    request.set_id(id);
    request.set_reason("a mistake");
    orders::v1::Order order;
    TJ_TRY(AtGateway<OrderService>(&OrderService::Stub::CancelOrder, request, &order));
    return order;
  }

  // Two objects of the order's study, the first of them twice.
  void SendTwo(const orders::v1::Order& order, const std::string& study_uid) {
    ObjectWords words = {.study_uid = study_uid,
                         .sop_uid = dicom::NewUid(),
                         .accession_number = order.accession_number(),
                         .patient_id = "P1",
                         .patient_name = "张三"};
    EXPECT_EQ(Send(words), 0);
    EXPECT_EQ(Send(words), 0);
    words.sop_uid = dicom::NewUid();
    words.pixel_bytes = 3 << 20;
    EXPECT_EQ(Send(words), 0);
  }

  absl::Status CheckRecognition() {
    exchange::v1::CheckRecognitionResponse verdicts;
    return AtGateway<exchange::v1::RecognitionService>(
        &exchange::v1::RecognitionService::Stub::CheckRecognition,
        exchange::v1::CheckRecognitionRequest(), &verdicts);
  }

  // A chest X-ray of a person with a number, as the county's PACS publishes it.
  exchange::v1::PublishExternalResultRequest FinalResult() {
    exchange::v1::PublishExternalResultRequest publish;
    publish.set_request_id("e1");
    exchange::v1::Result& result = *publish.mutable_result();
    result.set_source("county-pacs");
    result.set_source_id("77");
    result.set_discipline(common::v1::DISCIPLINE_IMAGING);
    result.set_performing_facility_id(kClinic);
    result.set_issuing_facility_id(kClinic);
    result.set_ordering_facility_id(kClinic);
    common::v1::PatientRef& patient = *result.mutable_patient();
    patient.set_facility_id(kClinic);
    patient.set_facility_patient_id("P9");
    patient.set_name("张三");
    patient.set_birth_date("1949-12-31");
    common::v1::Identifier& identifier = *patient.add_identifiers();
    identifier.set_type(common::v1::IDENTIFIER_TYPE_RESIDENT_ID);
    identifier.set_value("11010519491231002X");
    result.add_items()->set_name("胸部正位");
    result.mutable_items(0)->set_modality("DX");
    result.mutable_performed_time()->set_seconds(absl::ToUnixSeconds(clock_.Now()) - 60);
    exchange::v1::ResultVersion& version = *result.add_versions();
    version.set_state(exchange::v1::RESULT_STATE_FINAL);
    version.set_source_version("1");
    version.mutable_content()->set_findings("所见");
    version.mutable_content()->set_impression("未见异常");
    return publish;
  }

  // One study of two instances, matched and verified, and nothing left here.
  void ExpectTheStudyAtHub() {
    ASSERT_TRUE(Soon([&] {
      const v1::EdgeStatus status = Status();
      return status.hub_reachable() && status.spooled_objects() == 0 && status.pending_orders() == 0;
    })) << Status().DebugString();
    ASSERT_TRUE(Soon([&] {
      const auto studies = StudiesAtHub();
      return studies.studies_size() == 1 &&
             studies.studies(0).state() == imaging::v1::STUDY_STATE_VERIFIED;
    })) << StudiesAtHub().DebugString();
    EXPECT_EQ(StudiesAtHub().studies(0).instance_count(), 2);
    EXPECT_EQ(StudiesAtHub().studies(0).match(), imaging::v1::MATCH_STATE_MATCHED);
  }
};

TEST_F(Gateway, GoesOnWhileTheHubIsAwayAndEverythingArrivesOnce) {
  AwaitNumbers();
  StopHub();

  // The HIS notices nothing: numbered, answered, on the worklist; the same request is the same order.
  const auto order = Order("o1", "P1");
  ASSERT_TRUE(order.ok()) << order.status();
  EXPECT_EQ(order->accession_number().size(), 13u);
  EXPECT_EQ(Order("o1", "P1")->id(), order->id());
  const auto wrong = Order("o2", "P2");
  ASSERT_TRUE(wrong.ok());
  ASSERT_EQ(Worklist().size(), 2u);
  EXPECT_EQ(Cancel(wrong->id())->state(), orders::v1::ORDER_STATE_CANCELLED);
  const auto worklist = Worklist();
  ASSERT_EQ(worklist.size(), 1u);
  EXPECT_EQ(worklist[0].Text(dicom::tags::kAccessionNumber), order->accession_number());
  EXPECT_EQ(worklist[0].Text(dicom::tags::kPatientName), "张三");

  // Nor does the device; the same object twice is one.
  SendTwo(*order, worklist[0].Text(dicom::tags::kStudyInstanceUid));
  EXPECT_EQ(Status().spooled_objects(), 2);

  // What only the hub can do says so.
  EXPECT_EQ(base::DetailOf(CheckRecognition()).reason, "HUB_UNREACHABLE");

  // The gateway may fall over meanwhile.
  StopGateway();
  StartGateway();
  EXPECT_EQ(Status().spooled_objects(), 2);
  EXPECT_EQ(Status().pending_orders(), 2);

  StartHub();
  ExpectTheStudyAtHub();
  ASSERT_TRUE(Soon([&] { return AtGatewayById(wrong->id())->version() > 0; }));
  EXPECT_EQ(AtGatewayById(wrong->id())->state(), orders::v1::ORDER_STATE_CANCELLED);
  EXPECT_EQ(OrdersAtHub().orders_size(), 2);

  // Its first id still names the order, which now follows the hub.
  ASSERT_TRUE(Soon([&] {
    return AtGatewayById(order->id())->state() == orders::v1::ORDER_STATE_ARCHIVED_VERIFIED;
  })) << AtGatewayById(order->id())->DebugString();
  EXPECT_EQ(AtGatewayById(order->id())->accession_number(), order->accession_number());
  EXPECT_TRUE(Worklist().empty());
}

TEST_F(Gateway, KeepsBothOfAConflict) {
  ObjectWords words = {.study_uid = dicom::NewUid(), .sop_uid = dicom::NewUid(), .patient_id = "P7"};
  EXPECT_EQ(Send(words), 0);
  words.pixel = 'b';
  EXPECT_EQ(Send(words), 0);
  ASSERT_TRUE(Soon([&] {
    return Status().hub_reachable() && Status().spooled_objects() == 0 &&
           StudiesAtHub().studies_size() == 1;
  }));
  imaging::v1::ListConflictsResponse conflicts;
  using imaging::v1::StudyService;
  ASSERT_TRUE(Soon([&] {
    conflicts.Clear();
    const absl::Status listed = AtHub<StudyService>(&StudyService::Stub::ListConflicts,
                                                    imaging::v1::ListConflictsRequest(), &conflicts);
    return !listed.ok() || conflicts.conflicts_size() == 1;
  }));
  EXPECT_EQ(StudiesAtHub().studies(0).instance_count(), 1);
}

TEST_F(Gateway, AsksTheHubForSilentOrdersAndTakesACancelWithoutAReasonAsItDoes) {
  AwaitNumbers();
  const auto order = Order("o1", "P1");
  ASSERT_TRUE(order.ok()) << order.status();
  orders::v1::ListOrdersRequest list;
  list.set_silent(true);
  orders::v1::ListOrdersResponse silent;
  absl::Status status = AtGateway<OrderService>(&OrderService::Stub::ListOrders, list, &silent);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(silent.orders_size(), 0);  // It was written just now.
  orders::v1::CancelOrderRequest cancel;
  cancel.set_request_id("c1");
  cancel.set_id(order->id());
  orders::v1::Order cancelled;
  status = AtGateway<OrderService>(&OrderService::Stub::CancelOrder, cancel, &cancelled);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(cancelled.state(), orders::v1::ORDER_STATE_CANCELLED);
  EXPECT_TRUE(Soon([&] {
    const auto at_hub = OrdersAtHub();
    return at_hub.orders_size() == 1 &&
           at_hub.orders(0).state() == orders::v1::ORDER_STATE_CANCELLED;
  }));
}

// A byte of one of the objects in the gateway's spool becomes another, as a bad disk does it.
void DamageOne(const std::string& folder, size_t bytes_min) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.file_size() < bytes_min) continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(1000);
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(1000);
    file.put(byte);
    return;
  }
  FAIL() << "no object in the spool";
}

TEST_F(Gateway, AsksForWhatIsDamagedInItsSpoolAndTakesItWhenItComesAgain) {
  StopHub();
  std::vector<ObjectWords> sent;
  const std::string study = dicom::NewUid();
  for (const char pixel : {'a', 'b', 'c'}) {
    sent.push_back({.study_uid = study, .sop_uid = dicom::NewUid(), .patient_id = "P7",
                    .pixel = pixel});
    ASSERT_EQ(Send(sent.back()), 0);
  }
  ASSERT_NO_FATAL_FAILURE(DamageOne(folder_ + "/gateway/blobs/edge", 4096));
  StartHub();
  ASSERT_TRUE(Soon([&] { return Status().damaged_objects() == 1; }));
  EXPECT_EQ(Status().failed_objects(), 0);
  ASSERT_TRUE(Soon([&] { return Spool().objects_size() == 1; }));
  const v1::ListSpoolResponse spool = Spool();
  EXPECT_EQ(spool.objects(0).state(), "damaged");
  for (const ObjectWords& words : sent) ASSERT_EQ(Send(words), 0);
  EXPECT_TRUE(Soon([&] {
    const auto studies = StudiesAtHub();
    return studies.studies_size() == 1 && studies.studies(0).instance_count() == 3;
  })) << Spool().DebugString();
  EXPECT_TRUE(Soon([&] { return Status().spooled_objects() == 0; }));
  EXPECT_EQ(Status().damaged_objects(), 0);
}

TEST_F(Gateway, AnEmergencyWithoutAnOrderIsUrgentAtTheHub) {
  AwaitNumbers();
  ASSERT_EQ(Send({.study_uid = dicom::NewUid(), .sop_uid = dicom::NewUid(), .patient_id = "P3",
                  .patient_name = "无名氏", .calling_ae = kEmergencyRoom}),
            0);
  ASSERT_TRUE(Soon([&] { return OrdersAtHub().orders_size() == 1; }));
  EXPECT_EQ(OrdersAtHub().orders(0).origin(), orders::v1::ORDER_ORIGIN_DEVICE);
  EXPECT_EQ(OrdersAtHub().orders(0).priority(), common::v1::PRIORITY_URGENT);
  EXPECT_EQ(StudiesAtHub().studies(0).priority(), common::v1::PRIORITY_URGENT);
}

TEST_F(Gateway, BringsResultsToTheClinicWithItsOwnCursor) {
  const exchange::v1::PublishExternalResultRequest publish = FinalResult();
  exchange::v1::Result published;
  absl::Status status;
  ASSERT_TRUE(Soon([&] {
    status = AtGateway<ResultService>(&ResultService::Stub::PublishExternalResult, publish, &published);
    return status.ok() || !absl::IsUnavailable(status);
  }));
  ASSERT_TRUE(status.ok()) << status;

  exchange::v1::PullEventsRequest pull;
  pull.mutable_wait()->set_seconds(20);
  exchange::v1::PullEventsResponse page;
  ASSERT_TRUE(AtGateway<ResultService>(&ResultService::Stub::PullEvents, pull, &page).ok());
  ASSERT_GE(page.events_size(), 1);
  EXPECT_EQ(page.events(0).result().id(), published.id());

  // Files, complete, named by ids.
  const std::string file = folder_ + "/drop/" + published.id() + "-v1.json";
  ASSERT_TRUE(Soon([&] { return std::filesystem::exists(file); }));
  std::string text;
  std::getline(std::ifstream(folder_ + "/drop/" + published.id() + "-v1.txt"), text);
  EXPECT_EQ(text, "FINAL 正式报告");

  // What the folder holds is delivered: the hub learns it by itself.
  exchange::v1::GetResultRequest get;
  get.set_id(published.id());
  exchange::v1::Result now;
  EXPECT_TRUE(Soon([&] {
    return AtHub<ResultService>(&ResultService::Stub::GetResult, get, &now).ok() &&
           now.deliveries_size() == 1 && now.deliveries(0).delivered_version() == 1;
  })) << now.DebugString();
  EXPECT_EQ(now.deliveries(0).facility_id(), kClinic);
  EXPECT_EQ(now.deliveries(0).viewed_version(), 0);

  // An acknowledgement reaches the hub, also one made while it is away.
  StopHub();
  exchange::v1::AcknowledgeResultRequest acknowledge;
  acknowledge.set_request_id("a1");
  acknowledge.set_id(published.id());
  acknowledge.set_number(1);
  acknowledge.set_acknowledgement(exchange::v1::ACKNOWLEDGEMENT_VIEWED);
  acknowledge.set_viewed_by("doctor");
  exchange::v1::Result acknowledged;
  status = AtGateway<ResultService>(&ResultService::Stub::AcknowledgeResult, acknowledge, &acknowledged);
  ASSERT_TRUE(status.ok()) << status;
  StartHub();
  EXPECT_TRUE(Soon([&] {
    return AtHub<ResultService>(&ResultService::Stub::GetResult, get, &now).ok() &&
           now.deliveries_size() > 0 && now.deliveries(0).viewed_version() == 1;
  }));
}

class Enrollment : public ClinicTest {
 protected:
  // A one-time code for a gateway of the clinic, made by the operator.
  std::string Code() {
    std::string password;
    std::ifstream(folder_ + "/hub/files/registry/first-operator-password") >> password;
    const auto channel = rpc::OpenChannel({.address = absl::StrCat("127.0.0.1:", hub_port_),
                                           .files = {.authorities = folder_ + "/ca/ca.pem"}});
    registry::v1::LogInRequest log_in;
    log_in.set_user_name("operator");
    log_in.set_password(password);
    registry::v1::LogInResponse person;
    rpc::ClientCall first(rpc::OutgoingIdentity::Machine(), {});
    EXPECT_TRUE(first
                    .Result(registry::v1::AccountService::NewStub(*channel)->LogIn(
                        first.context(), log_in, &person))
                    .ok());
    registry::v1::CreateEnrollmentCodeRequest request;
    request.set_request_id("code");
    request.set_facility_id(kClinic);
    request.set_role("gateway");
    registry::v1::CreateEnrollmentCodeResponse code;
    rpc::ClientCall second(rpc::OutgoingIdentity::Person(person.token()), {});
    EXPECT_TRUE(second
                    .Result(registry::v1::EnrollmentService::NewStub(*channel)->CreateEnrollmentCode(
                        second.context(), request, &code))
                    .ok());
    return code.code();
  }
};

TEST_F(Enrollment, BringsACertificateThatRenewsItselfAtTwoThirdsOfItsLife) {
  EnrollOptions options = {.hub = absl::StrCat("127.0.0.1:", hub_port_),
                           .code = Code(),
                           .ca = folder_ + "/ca/ca.pem",
                           .state = folder_ + "/new"};
  const auto facility = Enroll(options);
  ASSERT_TRUE(facility.ok()) << facility.status();
  EXPECT_EQ(*facility, kClinic);
  EXPECT_TRUE(Enroll(options).ok());  // The answer was lost on the way: the same code answers again.

  const security::CredentialFiles files = EnrolledFiles(options.state);
  const auto before = ReadIdentity(files);
  ASSERT_TRUE(before.ok()) << before.status();
  const auto channel = rpc::OpenChannel({.address = options.hub, .files = files});
  ASSERT_TRUE(channel.ok()) << channel.status();
  base::ManualClock clock(before->not_before + (before->expiry - before->not_before) / 2);
  EXPECT_FALSE(*RenewIfDue(files, *channel, clock));
  clock.JumpTo(RenewalTime(*before));
  const auto renewed = RenewIfDue(files, *channel, clock);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_TRUE(*renewed);
  EXPECT_NE(ReadIdentity(files)->serial, before->serial);
  EXPECT_TRUE(rpc::OpenChannel({.address = options.hub, .files = files}).ok());
}

TEST_F(Enrollment, AWrongCodeBringsNothing) {
  const auto facility = Enroll({.hub = absl::StrCat("127.0.0.1:", hub_port_),
                                .code = "aaaa-bbbb-cccc-dddd",
                                .ca = folder_ + "/ca/ca.pem",
                                .state = folder_ + "/new"});
  EXPECT_EQ(base::DetailOf(facility.status()).reason, "ENROLLMENT_CODE") << facility.status();
  EXPECT_FALSE(ReadIdentity(EnrolledFiles(folder_ + "/new")).ok());
}

}  // namespace
}  // namespace tongjian::edge
