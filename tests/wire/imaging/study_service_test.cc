#include "common/base/status.h"
#include "tests/wire/imaging/hub.h"

namespace tongjian::imaging {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// One call to StudyService by a service of the hub, for a person or machine where one is given.
template <class Request, class Response>
absl::Status Call(Hub& hub,
                  grpc::Status (v1::StudyService::Stub::*method)(grpc::ClientContext*,
                                                                 const Request&, Response*),
                  const Request& request, Response* response) {
  const auto stub = v1::StudyService::NewStub(hub.Inside());
  rpc::ClientCall call(hub.AsService(), {});
  return call.Result((stub.get()->*method)(call.context(), request, response));
}

template <class Request, class Response>
absl::Status CallFrom(const std::shared_ptr<grpc::Channel>& channel,
                      grpc::Status (v1::StudyService::Stub::*method)(grpc::ClientContext*,
                                                                     const Request&, Response*),
                      const Request& request, Response* response) {
  const auto stub = v1::StudyService::NewStub(channel);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
  return call.Result((stub.get()->*method)(call.context(), request, response));
}

using Stub = v1::StudyService::Stub;

TEST(StudyService, ListsInPagesNewestFirst) {
  Hub hub;
  for (int i = 1; i <= 5; ++i) {
    const std::string uid = "1.2." + std::to_string(i);
    ASSERT_TRUE(hub.archive.Put({.study = uid, .sop = uid + ".1"}).ok());
  }
  v1::ListStudiesRequest request;
  request.set_page_size(2);
  std::vector<std::string> uids;
  do {
    v1::ListStudiesResponse page;
    ASSERT_THAT(Call(hub, &Stub::ListStudies, request, &page), IsOk());
    for (const v1::Study& study : page.studies()) uids.push_back(study.study_instance_uid());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(uids, ElementsAre("1.2.5", "1.2.4", "1.2.3", "1.2.2", "1.2.1"));
}

TEST(StudyService, FindsNamesInChinese) {
  Hub hub;
  ASSERT_TRUE(hub.archive.Put({.charset = "GB18030"}).ok());
  ASSERT_TRUE(
      hub.archive.Put({.study = "1.9", .sop = "1.9.1", .patient_name = "LI^SI=李^四"}).ok());
  v1::ListStudiesRequest request;
  request.set_patient_name("王小");
  v1::ListStudiesResponse page;
  ASSERT_THAT(Call(hub, &Stub::ListStudies, request, &page), IsOk());
  ASSERT_THAT(page.studies(), SizeIs(1));
  EXPECT_EQ(page.studies(0).patient().name(), "王小东");
}

TEST(StudyService, ShowsAFacilityItsOwnAlone) {
  Hub hub;
  const auto stored = hub.archive.Put({}, "f1");
  ASSERT_TRUE(stored.ok());
  v1::GetStudyRequest request;
  request.set_id(stored->study_id);
  v1::Study study;
  EXPECT_THAT(CallFrom(hub.Gateway("f1"), &Stub::GetStudy, request, &study), IsOk());
  EXPECT_THAT(CallFrom(hub.Gateway("f2"), &Stub::GetStudy, request, &study),
              HasCode(absl::StatusCode::kNotFound));
  request.clear_id();
  request.set_study_instance_uid("1.2.826.0.1");
  EXPECT_THAT(CallFrom(hub.Gateway("f1"), &Stub::GetStudy, request, &study), IsOk());
  EXPECT_THAT(CallFrom(hub.Gateway("f2"), &Stub::GetStudy, request, &study),
              HasCode(absl::StatusCode::kNotFound));
}

TEST(StudyService, ListsInstancesWithTheirSeries) {
  Hub hub;
  for (int i = 1; i <= 5; ++i) {
    const auto put = hub.archive.Put({.series = i < 4 ? "1.2.1" : "1.2.2",
                                      .sop = "1.2.3." + std::to_string(i),
                                      .number = 6 - i});
    ASSERT_TRUE(put.ok()) << put.status();
  }
  v1::ListInstancesRequest request;
  request.set_study_id(hub.archive.Studies()[0].id);
  request.set_page_size(2);
  std::vector<std::string> uids;
  do {
    v1::ListInstancesResponse page;
    ASSERT_THAT(Call(hub, &Stub::ListInstances, request, &page), IsOk());
    for (const v1::Instance& instance : page.instances())
      uids.push_back(instance.sop_instance_uid());
    EXPECT_FALSE(page.series().empty());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(uids, ElementsAre("1.2.3.3", "1.2.3.2", "1.2.3.1", "1.2.3.5", "1.2.3.4"));
}

TEST(StudyService, LinksOnceForOneRequestId) {
  Hub hub;
  ASSERT_THAT(hub.archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = hub.archive.Put({});
  ASSERT_TRUE(stored.ok());
  v1::LinkStudyRequest request;
  request.set_request_id("r1");
  request.set_study_id(stored->study_id);
  request.set_order_id("o1");
  request.set_reason("seen on the request form");
  v1::Study first, second;
  ASSERT_THAT(Call(hub, &Stub::LinkStudy, request, &first), IsOk());
  ASSERT_THAT(Call(hub, &Stub::LinkStudy, request, &second), IsOk());
  EXPECT_EQ(first.match(), v1::MATCH_STATE_LINKED);
  EXPECT_EQ(first.version(), second.version());
  request.set_order_id("o2");
  const absl::Status reused = Call(hub, &Stub::LinkStudy, request, &second);
  EXPECT_EQ(base::DetailOf(reused).reason, "REQUEST_ID_REUSED");
  request.set_request_id("r2");
  request.clear_reason();
  EXPECT_EQ(base::DetailOf(Call(hub, &Stub::LinkStudy, request, &second)).field, "reason");

  v1::ListStudyHistoryRequest ask;
  ask.set_study_id(stored->study_id);
  v1::ListStudyHistoryResponse history;
  ASSERT_THAT(Call(hub, &Stub::ListStudyHistory, ask, &history), IsOk());
  ASSERT_THAT(history.entries(), SizeIs(1));
  EXPECT_EQ(history.entries(0).actor(), "service:reading");
  EXPECT_EQ(history.entries(0).reason(), "seen on the request form");
}

TEST(StudyService, UnlinksForGood) {
  Hub hub;
  ASSERT_THAT(hub.archive.Announce(MakeOrder("o1", "A1")), IsOk());
  const auto stored = hub.archive.Put({.accession = "A1"});
  ASSERT_TRUE(stored.ok());
  v1::UnlinkStudyRequest request;
  request.set_request_id("r1");
  request.set_study_id(stored->study_id);
  request.set_order_id("o1");
  v1::Study study, again;
  EXPECT_EQ(base::DetailOf(Call(hub, &Stub::UnlinkStudy, request, &study)).field, "reason");
  request.set_reason("the other patient's films");
  ASSERT_THAT(Call(hub, &Stub::UnlinkStudy, request, &study), IsOk());
  EXPECT_EQ(study.match(), v1::MATCH_STATE_UNMATCHED);
  EXPECT_TRUE(study.order_ids().empty());
  ASSERT_THAT(Call(hub, &Stub::UnlinkStudy, request, &again), IsOk());
  EXPECT_EQ(again.version(), study.version());
  request.set_request_id("r2");
  EXPECT_THAT(Call(hub, &Stub::UnlinkStudy, request, &again), HasCode(absl::StatusCode::kNotFound));
  // The rules do not bring it back, whatever becomes of the order.
  ASSERT_THAT(hub.archive.Announce(MakeOrder("o1", "A1", 2)), IsOk());
  EXPECT_EQ(hub.archive.Get(stored->study_id).match, MatchState::kUnmatched);
  EXPECT_EQ(hub.archive.History(stored->study_id).back().reason, "the other patient's films");
  // A gateway passes on what its technicians do; by itself it may not.
  EXPECT_THAT(CallFrom(hub.Gateway("f1"), &Stub::UnlinkStudy, request, &again),
              HasCode(absl::StatusCode::kPermissionDenied));
}

TEST(StudyService, ConfirmsATimeOnce) {
  Hub hub;
  const auto stored = hub.archive.Put({.date = "20990101"});
  ASSERT_TRUE(stored.ok());
  v1::ListStudiesRequest list;
  list.set_time_unconfirmed(true);
  v1::ListStudiesResponse page;
  ASSERT_THAT(Call(hub, &Stub::ListStudies, list, &page), IsOk());
  ASSERT_THAT(page.studies(), SizeIs(1));
  EXPECT_TRUE(page.studies(0).performed().implausible());
  v1::ConfirmTimeRequest request;
  request.set_request_id("r1");
  request.set_study_id(stored->study_id);
  v1::Study study, again;
  EXPECT_EQ(base::DetailOf(Call(hub, &Stub::ConfirmTime, request, &study)).field, "reason");
  request.set_reason("the exam book");
  EXPECT_EQ(base::DetailOf(Call(hub, &Stub::ConfirmTime, request, &study)).field, "performed_time");
  request.mutable_performed_time()->set_seconds(absl::ToUnixSeconds(absl::Now() + absl::Hours(1)));
  EXPECT_EQ(base::DetailOf(Call(hub, &Stub::ConfirmTime, request, &study)).field, "performed_time");
  request.mutable_performed_time()->set_seconds(absl::ToUnixSeconds(absl::Now() - absl::Hours(1)));
  ASSERT_THAT(Call(hub, &Stub::ConfirmTime, request, &study), IsOk());
  EXPECT_EQ(study.confirmed_time().seconds(), request.performed_time().seconds());
  ASSERT_THAT(Call(hub, &Stub::ConfirmTime, request, &again), IsOk());
  EXPECT_EQ(again.version(), study.version());
  ASSERT_THAT(Call(hub, &Stub::ListStudies, list, &page), IsOk());
  EXPECT_THAT(page.studies(), SizeIs(0));
}

TEST(StudyService, ResolvesAConflict) {
  Hub hub;
  ASSERT_TRUE(hub.archive.Put({.pixels = "aa"}).ok());
  const auto later = hub.archive.Put({.pixels = "bb"});
  ASSERT_TRUE(later.ok());
  v1::ListConflictsResponse open;
  ASSERT_THAT(Call(hub, &Stub::ListConflicts, v1::ListConflictsRequest(), &open), IsOk());
  ASSERT_THAT(open.conflicts(), SizeIs(1));
  EXPECT_EQ(open.conflicts(0).state(), "open");
  v1::ResolveConflictRequest request;
  request.set_request_id("r1");
  request.set_id(open.conflicts(0).id());
  request.set_take_later(true);
  request.set_reason("the device's second export is right");
  v1::Conflict resolved;
  ASSERT_THAT(Call(hub, &Stub::ResolveConflict, request, &resolved), IsOk());
  EXPECT_EQ(resolved.state(), "took_later");
  EXPECT_EQ(*hub.ReadInstance(later->study_id, later->sop_instance_uid),
            MakeObject({.pixels = "bb"}));
}

TEST(StudyService, ReadsNothingOutOfScopeOrUnknown) {
  Hub hub;
  const auto stored = hub.archive.Put({});
  ASSERT_TRUE(stored.ok());
  EXPECT_THAT(hub.ReadInstance(stored->study_id, "1.2.3.4").status(),
              HasCode(absl::StatusCode::kNotFound));
  const auto stub = v1::StudyService::NewStub(hub.Gateway("f2"));
  v1::ReadInstanceRequest request;
  request.set_study_id(stored->study_id);
  request.set_sop_instance_uid(stored->sop_instance_uid);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.wait_for_ready = true});
  const auto reader = stub->ReadInstance(call.context(), request);
  v1::ReadInstanceResponse message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_THAT(call.Result(reader->Finish()), HasCode(absl::StatusCode::kNotFound));
}

TEST(StudyService, LeavesATrailOfWhatWasSeen) {
  Hub hub;
  const auto stored = hub.archive.Put({});
  ASSERT_TRUE(stored.ok());
  ASSERT_TRUE(hub.ReadInstance(stored->study_id, stored->sop_instance_uid).ok());
  bool seen = false;
  for (const audit::v1::AuditRecord& record : hub.Trail()) {
    if (record.method() != "tongjian.imaging.v1.StudyService/ReadInstance") continue;
    seen |= record.patients_size() == 1 && record.object_ids_size() == 1 &&
            record.object_ids(0) == stored->study_id;
  }
  EXPECT_TRUE(seen);
}

}  // namespace
}  // namespace tongjian::imaging
