#include <thread>

#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/trail.h"
#include "services/exchange/result_store.h"
#include "tests/wire/exchange/exchange_rig.h"

namespace tongjian::exchange {
namespace {

TEST_F(ExchangeRig, FinalReportBecomesAResultOfItsClinic) {
  const std::string id = PublishOwn();
  ASSERT_FALSE(id.empty());
  const v1::Result result = ResultsOf("m1").front();
  EXPECT_EQ(result.state(), v1::RESULT_STATE_FINAL);
  EXPECT_EQ(result.performing_facility_id(), "t1");
  EXPECT_EQ(result.issuing_facility_id(), "county");
  EXPECT_EQ(result.placer_order_number(), "his-4711");
  EXPECT_EQ(result.items(0).method(), "plain");
  EXPECT_TRUE(result.evidence(0).retrievable());
  EXPECT_FALSE(result.performed_time_doubtful());
  const auto page = Pull("t1");
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->events_size(), 1);
  EXPECT_EQ(page->events(0).result().id(), id);
  EXPECT_EQ(Pull("t2")->events_size(), 0);
}

TEST_F(ExchangeRig, NewsThatComesAgainOrInAnotherOrderHasOneEffect) {
  LinkPatient("t1", "p1", "m1");
  TellReport(ReportOf("o1"));  // Before its order: it waits.
  EXPECT_TRUE(ResultsOf("m1").empty());
  TellStudy("o1", false);
  TellOrder("o1");
  ASSERT_EQ(ResultsOf("m1").size(), 1u);
  EXPECT_FALSE(ResultsOf("m1")[0].evidence(0).retrievable());
  TellStudy("o1", true, 2);
  EXPECT_TRUE(ResultsOf("m1")[0].evidence(0).retrievable());
  const int64_t version = ResultsOf("m1")[0].version();
  TellReport(ReportOf("o1"));
  TellStudy("o1", true, 2);
  TellOrder("o1");
  EXPECT_EQ(ResultsOf("m1")[0].version(), version);
  EXPECT_EQ(ResultsOf("m1")[0].versions_size(), 1);
}

TEST_F(ExchangeRig, FinalWaitsForAConfirmedIdentity) {
  LinkPatient("t1", "p1", "m1");
  TellOrder("o1", orders::v1::ORDER_ORIGIN_DEVICE);
  TellStudy("o1");
  const auto held = WatchHeld(metrics_, *database_);
  EXPECT_NE(metrics_.Expose().find("tongjian_exchange_results_waiting 0"), std::string::npos);
  TellReport(ReportOf("o1"));
  // Meanwhile its clinic sees what was signed, as preliminary.
  ASSERT_EQ(ResultsOf("m1").size(), 1u);
  EXPECT_EQ(ResultsOf("m1")[0].state(), v1::RESULT_STATE_PRELIMINARY);
  EXPECT_FALSE(ResultsOf("m1")[0].identity_confirmed());
  EXPECT_EQ(ResultsOf("m1")[0].versions(0).content().impression(), "normal");
  EXPECT_EQ(Pull("t1")->events_size(), 1);
  EXPECT_NE(metrics_.Expose().find("tongjian_exchange_results_waiting 1"), std::string::npos);
  LinkPatient("t1", "p1", "m1", true);
  ASSERT_EQ(ResultsOf("m1").size(), 1u);
  EXPECT_TRUE(ResultsOf("m1")[0].identity_confirmed());
  EXPECT_EQ(ResultsOf("m1")[0].state(), v1::RESULT_STATE_FINAL);
  EXPECT_EQ(ResultsOf("m1")[0].versions_size(), 2);
  EXPECT_NE(metrics_.Expose().find("tongjian_exchange_results_waiting 0"), std::string::npos);
}

TEST_F(ExchangeRig, VerifyingAPersonWithoutANumberLeavesTheNamesakeProvisional) {
  // Two people of one name and birth date at one facility, both written before anybody is verified.
  TellUnnumbered("o1", "m1");
  TellUnnumbered("o2", "m2");
  for (const char* order : {"o1", "o2"}) {
    TellStudy(order);
    TellReport(ReportOf(order));
  }
  ASSERT_EQ(ResultsOf("m1").size(), 1u);
  ASSERT_EQ(ResultsOf("m2").size(), 1u);
  EXPECT_EQ(ResultsOf("m1")[0].state(), v1::RESULT_STATE_PRELIMINARY);
  clock_.Advance(absl::Minutes(5));
  LinkPatient("t1", "", "m1", true);
  EXPECT_EQ(ResultsOf("m1")[0].state(), v1::RESULT_STATE_FINAL);
  EXPECT_TRUE(ResultsOf("m1")[0].identity_confirmed());
  EXPECT_EQ(ResultsOf("m2")[0].state(), v1::RESULT_STATE_PRELIMINARY);
  EXPECT_FALSE(ResultsOf("m2")[0].identity_confirmed());
}

TEST_F(ExchangeRig, MergeMovesResultsAndUnmergeBringsThemBack) {
  PublishOwn();
  LinkPatient("t1", "p1", "m2");
  EXPECT_TRUE(ResultsOf("m1").empty());
  EXPECT_EQ(ResultsOf("m2").size(), 1u);
  LinkPatient("t1", "p1", "m1");
  EXPECT_EQ(ResultsOf("m1").size(), 1u);
}

TEST_F(ExchangeRig, PullWaitsForNewsWithoutPolling) {
  PublishOwn();
  const std::string cursor = Pull("t1")->next_cursor();
  std::thread later([&] {
    auto report = ReportOf("o1");
    report.set_version(2);
    report.set_state(reading::v1::REPORT_STATE_RETRACTED);
    report.set_retract_reason("wrong patient");
    TellReport(report);
  });
  const auto page = Pull("t1", cursor, absl::Seconds(20));
  later.join();
  ASSERT_TRUE(page.ok()) << page.status();
  if (page->events().empty()) GTEST_FAIL() << "the pull ended without the news";
  EXPECT_EQ(page->events(0).result().state(), v1::RESULT_STATE_RETRACTED);
  EXPECT_EQ(CountAudit("ResultService/PullEvents"), 2) << "what came after waiting was seen too";
}

TEST_F(ExchangeRig, ForeignCursorGetsADefinedAnswer) {
  PublishOwn();
  const std::string cursor = Pull("t1")->next_cursor();
  ASSERT_TRUE(database_->StartNewEpoch().ok());
  EXPECT_EQ(base::DetailOf(Pull("t1", cursor).status()).reason, "CURSOR_FOREIGN");
}

TEST_F(ExchangeRig, WatchStreamsResults) {
  const std::string id = PublishOwn();
  const security::Caller his = His("t1");
  rpc::ClientCall call(AsService(), {.timeout = absl::Seconds(30), .behalf = &his});
  const auto stream = result_stub_->WatchResults(call.context(), v1::WatchResultsRequest());
  v1::ResultEvent event;
  ASSERT_TRUE(stream->Read(&event));
  EXPECT_EQ(event.result().id(), id);
  call.context()->TryCancel();
  while (stream->Read(&event)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ExchangeRig, AcknowledgementIsTrackedAndTold) {
  v1::AcknowledgeResultRequest request;
  request.set_request_id("a1");
  request.set_id(PublishOwn());
  request.set_number(1);
  request.set_acknowledgement(v1::ACKNOWLEDGEMENT_VIEWED);
  request.set_viewed_by("Dr Li");
  v1::Result result;
  const auto acknowledge = [&] {
    return Call(&v1::ResultService::Stub::AcknowledgeResult, *result_stub_, "t1", request, &result);
  };
  ASSERT_TRUE(acknowledge().ok());
  ASSERT_TRUE(acknowledge().ok());
  ASSERT_EQ(result.deliveries_size(), 1);
  EXPECT_EQ(result.deliveries(0).viewed_version(), 1);
  EXPECT_EQ(Pull("t1")->events_size(), 2);
  request.set_acknowledgement(v1::ACKNOWLEDGEMENT_DELIVERED);
  EXPECT_EQ(base::DetailOf(acknowledge()).reason, "REQUEST_ID_REUSED");
}

TEST_F(ExchangeRig, ResultsAreFoundWithinTheScopeOnly) {
  const std::string id = PublishOwn();
  const auto find = [&](const std::string& facility_id) {
    return database_->Read([&](store::Session& session) {
      return ResultStore::Find(session, security::Scope::Facilities({facility_id}), id).status();
    });
  };
  EXPECT_TRUE(find("t1").ok());
  EXPECT_TRUE(find("county").ok());
  EXPECT_TRUE(absl::IsNotFound(find("t2")));
}

v1::PublishExternalResultRequest Outside(const std::string& request_id, const std::string& source_version) {
  v1::PublishExternalResultRequest request;
  request.set_request_id(request_id);
  v1::Result& result = *request.mutable_result();
  result.set_source("county-pacs");
  result.set_source_id("77");
  result.set_discipline(common::v1::DISCIPLINE_IMAGING);
  result.mutable_patient()->set_facility_patient_id("c5");
  result.mutable_patient()->set_name("王芳");
  result.add_items()->set_local_code("L-77");
  result.mutable_performed_time()->set_seconds(1'773'900'000);
  v1::EvidenceRef& evidence = *result.add_evidence();
  evidence.set_kind("study");
  evidence.set_id("9.8.7");
  evidence.set_retrievable(true);
  v1::ResultVersion& version = *result.add_versions();
  version.set_source_version(source_version);
  version.mutable_content()->set_impression("version " + source_version);
  return request;
}

class OutsideResults : public ExchangeRig {
 protected:
  OutsideResults() { LinkPatient("county", "c5", "m1"); }
  absl::StatusOr<v1::Result> Publish(const v1::PublishExternalResultRequest& request) {
    v1::Result result;
    TJ_TRY(Call(&v1::ResultService::Stub::PublishExternalResult, *result_stub_, "county", request, &result));
    return result;
  }
};

TEST_F(OutsideResults, SameVersionTwiceHasOneEffect) {
  const auto first = Publish(Outside("e1", "1"));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(first->items(0).recognition_code(), "R1");
  EXPECT_EQ(first->state(), v1::RESULT_STATE_FINAL);
  EXPECT_EQ(Publish(Outside("e1", "1"))->version(), 1);
  EXPECT_EQ(Publish(Outside("e2", "1"))->version(), 1);
  auto other = Outside("e3", "1");
  other.mutable_result()->mutable_versions(0)->mutable_content()->set_impression("something else");
  EXPECT_EQ(base::DetailOf(Publish(other).status()).reason, "ALREADY_EXISTS");
}

TEST_F(OutsideResults, NewerVersionAmendsAndOlderOneComesTooLate) {
  ASSERT_TRUE(Publish(Outside("e1", "9")).ok());
  EXPECT_EQ(Publish(Outside("e2", "10"))->state(), v1::RESULT_STATE_AMENDED);
  const auto late = Publish(Outside("e3", "2"));
  ASSERT_TRUE(late.ok()) << late.status();
  EXPECT_EQ(late->versions_size(), 2);
  EXPECT_EQ(late->versions(1).content().impression(), "version 10");
}

TEST_F(OutsideResults, RetractionIsTold) {
  ASSERT_TRUE(Publish(Outside("e1", "1")).ok());
  v1::RetractExternalResultRequest request;
  request.set_request_id("x1");
  request.set_source("county-pacs");
  request.set_source_id("77");
  request.set_reason("wrong patient");
  v1::Result result;
  ASSERT_TRUE(
      Call(&v1::ResultService::Stub::RetractExternalResult, *result_stub_, "county", request, &result).ok());
  EXPECT_EQ(result.state(), v1::RESULT_STATE_RETRACTED);
  EXPECT_EQ(Pull("county")->events_size(), 2);
}

TEST_F(OutsideResults, BatchAnswersEachByItself) {
  v1::BatchPublishExternalResultsRequest request;
  *request.add_requests() = Outside("e1", "1");
  *request.add_requests() = Outside("e2", "");
  v1::BatchPublishExternalResultsResponse response;
  ASSERT_TRUE(Call(&v1::ResultService::Stub::BatchPublishExternalResults, *result_stub_, "county", request, &response)
                  .ok());
  ASSERT_EQ(response.outcomes_size(), 2);
  EXPECT_EQ(response.outcomes(0).code(), 0);
  EXPECT_FALSE(response.outcomes(0).result_id().empty());
  EXPECT_EQ(response.outcomes(1).code(), static_cast<int>(absl::StatusCode::kInvalidArgument));
}

TEST_F(OutsideResults, UnknownWordsNeedTheRegistry) {
  auto request = Outside("e1", "1");
  request.mutable_result()->mutable_patient()->clear_facility_patient_id();
  EXPECT_TRUE(absl::IsUnavailable(Publish(request).status()));  // It is away here: nothing was published.
  EXPECT_TRUE(ResultsOf("m1").empty());
}

TEST_F(OutsideResults, FinalOfAnUnconfirmedPersonIsRefusedUnlessCritical) {
  const security::Caller his = His("county");
  const auto publish = [&](const std::string& critical) {
    rpc::Trail trail({.caller = his}, clock_);
    auto request = Outside("e" + critical, "1");
    request.mutable_result()->mutable_patient()->clear_facility_patient_id();
    request.mutable_result()->mutable_patient()->set_patient_id("m7");
    request.mutable_result()->set_publishing_facility_id("county");
    v1::ResultVersion& version = *request.mutable_result()->mutable_versions(0);
    version.set_state(v1::RESULT_STATE_FINAL);
    version.mutable_content()->set_critical_finding(critical);
    return external_->Publish({his, security::Scope::Facilities({"county"}), "m", request.request_id(), "", &trail},
                              request.result());
  };
  EXPECT_EQ(base::DetailOf(publish("").status()).reason, "IDENTITY_NOT_CONFIRMED");
  const auto critical = publish("aortic dissection");
  ASSERT_TRUE(critical.ok()) << critical.status();
  EXPECT_EQ(critical->state(), v1::RESULT_STATE_PRELIMINARY);
}

TEST_F(OutsideResults, NobodyPublishesForAnotherSite) {
  const security::Caller his = His("county");
  rpc::Trail trail({.caller = his}, clock_);
  const Asked asked = {his, security::Scope::Facilities({"county"}), "m", "e1", "", &trail};
  auto request = Outside("e1", "1");
  request.mutable_result()->set_performing_facility_id("t1");
  EXPECT_TRUE(absl::IsPermissionDenied(CheckExternal(asked, request.result(), *facts_).status()));
}

}  // namespace
}  // namespace tongjian::exchange
