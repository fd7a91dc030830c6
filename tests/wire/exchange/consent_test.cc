// A patient refuses that results are shown to facilities that neither ordered nor made them (R-CONSENT).
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include "common/base/status.h"
#include "common/store/feed.h"
#include "services/exchange/result.h"
#include "tests/wire/exchange/exchange_rig.h"

namespace tongjian::exchange {
namespace {

using ::testing::Each;

class Refusal : public ExchangeRig {
 protected:
  absl::Status Get(const std::string& facility_id, const std::string& id) {
    v1::GetResultRequest request;
    request.set_id(id);
    v1::Result result;
    rpc::ClientCall call(As(facility_id, "clinic_doctor"), {.timeout = absl::Seconds(30)});
    return call.Result(result_stub_->GetResult(call.context(), request, &result));
  }
  int Listed(const std::string& facility_id) {
    v1::ListResultsRequest request;
    request.set_patient_id("m1");
    v1::ListResultsResponse response;
    rpc::ClientCall call(As(facility_id, "clinic_doctor"), {.timeout = absl::Seconds(30)});
    const absl::Status listed = call.Result(result_stub_->ListResults(call.context(), request, &response));
    EXPECT_TRUE(listed.ok()) << listed;
    return response.results_size();
  }
  // All that the facility is shown, as after a cursor that has expired.
  std::vector<v1::Result> ListedOfFacility(const std::string& facility_id) {
    v1::ListResultsRequest request;
    request.set_facility_id(facility_id);
    v1::ListResultsResponse response;
    rpc::ClientCall call(As(facility_id, "clinic_doctor"), {.timeout = absl::Seconds(30)});
    const absl::Status listed = call.Result(result_stub_->ListResults(call.context(), request, &response));
    EXPECT_TRUE(listed.ok()) << listed;
    return {response.results().begin(), response.results().end()};
  }
  // All that the facility is told, encoded.
  std::vector<std::string> Told(const std::string& facility_id) {
    std::vector<std::string> told;
    const auto page = Pull(facility_id);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return told;
    for (const v1::ResultEvent& event : page->events()) told.push_back(event.result().SerializeAsString());
    return told;
  }
  // The last that the facility was told after `cursor`, which moves on.
  v1::Result LastTold(const std::string& facility_id, std::string& cursor) {
    const auto page = Pull(facility_id, cursor);
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return v1::Result();
    cursor = page->next_cursor();
    return page->events().empty() ? v1::Result() : page->events().rbegin()->result();
  }
  // Everything the facility can read of the service's own feed, as text.
  std::string RawFeed(const std::string& facility_id) {
    const auto page = database_->feed().Read("exchange", "", facility_id, store::kFeedPageMax);
    EXPECT_TRUE(page.ok()) << page.status();
    std::string all;
    if (page.ok()) {
      for (const store::Event& event : page->events) all += event.payload;
    }
    return all;
  }
  std::vector<v1::EmergencyLook> Looks(const std::string& facility_id) {
    rpc::ClientCall call(As(facility_id, "center_head"), {.timeout = absl::Seconds(30)});
    v1::ListEmergencyLooksResponse response;
    const absl::Status listed = call.Result(
        recognition_stub_->ListEmergencyLooks(call.context(), v1::ListEmergencyLooksRequest(), &response));
    EXPECT_TRUE(listed.ok()) << listed;
    return {response.looks().begin(), response.looks().end()};
  }
};

TEST_F(Refusal, DisclosesNothingToAnotherFacility) {
  const std::string id = PublishOwn();
  TellConsent("m1", true);
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_NOT_ELIGIBLE);
  ASSERT_EQ(verdict.candidates_size(), 1);
  const v1::Candidate& candidate = verdict.candidates(0);
  EXPECT_EQ(candidate.primary_reason(), v1::INELIGIBLE_REASON_CONSENT);
  EXPECT_EQ(candidate.reasons_size(), 1);
  EXPECT_FALSE(candidate.has_result());
  EXPECT_TRUE(candidate.basis().empty());
  EXPECT_TRUE(verdict.prompt_id().empty());
  EXPECT_EQ(CountAudit(id), 0);
  EXPECT_EQ(Counts().prompts(), 0);
}

TEST_F(Refusal, SaysTheSameWhereThereIsNothing) {
  LinkPatient("t2", "q9", "m1");
  TellConsent("m1", true);
  const std::string nothing = Ask(Question("t2", "q9")).SerializeAsString();
  PublishOwn();
  TellConsent("m1", true);
  EXPECT_EQ(Ask(Question("t2", "q9")).SerializeAsString(), nothing);
}

TEST_F(Refusal, LeavesTheResultToWhoOrderedAndMadeIt) {
  const std::string id = PublishOwn();
  TellConsent("m1", true);
  const v1::ItemVerdict own = Ask(Question("t1", "p1"));
  EXPECT_EQ(own.verdict(), v1::VERDICT_ELIGIBLE);
  ASSERT_EQ(own.candidates_size(), 2);
  EXPECT_EQ(own.candidates(0).result().id(), id);
  EXPECT_EQ(own.candidates(1).primary_reason(), v1::INELIGIBLE_REASON_CONSENT);
  for (const char* facility : {"t1", "county"}) {
    EXPECT_TRUE(Get(facility, id).ok()) << facility;
    EXPECT_EQ(Listed(facility), 1) << facility;
  }
}

TEST_F(Refusal, TakesTheResultFromWhoHadAcceptedItUntilThePatientAgreesAgain) {
  const std::string id = PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  TellStudy("o1", true, 2);
  auto report = ReportOf("o1");
  report.set_version(2);
  report.mutable_versions(0)->mutable_content()->set_impression("as before");
  reading::v1::ReportVersion& second = *report.add_versions();
  second = report.versions(0);
  second.set_number(2);
  second.set_kind(reading::v1::VERSION_KIND_AMENDED);
  TellReport(report);
  EXPECT_EQ(Pull("t2")->events_size(), 1);
  EXPECT_TRUE(Get("t2", id).ok());

  TellConsent("m1", true);
  EXPECT_TRUE(absl::IsNotFound(Get("t2", id)));
  EXPECT_EQ(Listed("t2"), 0);
  EXPECT_THAT(Told("t2"), Each(Withheld(id).SerializeAsString())) << "neither is what was announced before the refusal";
  report.set_version(3);
  report.set_state(reading::v1::REPORT_STATE_RETRACTED);
  TellReport(report);
  EXPECT_THAT(Told("t2"), Each(Withheld(id).SerializeAsString()));
  EXPECT_GE(Pull("t1")->events_size(), 3);

  TellConsent("m1", false);
  EXPECT_TRUE(Get("t2", id).ok());
  EXPECT_EQ(Listed("t2"), 1);
}

TEST_F(Refusal, LeavesOnlyTheIdInTheListOfWhoHadAcceptedIt) {
  const std::string id = PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  ASSERT_EQ(ListedOfFacility("t2").size(), 1U);
  EXPECT_EQ(ListedOfFacility("t2").front().versions_size(), 1);

  TellConsent("m1", true);
  ASSERT_EQ(ListedOfFacility("t2").size(), 1U);
  EXPECT_EQ(ListedOfFacility("t2").front().SerializeAsString(), Withheld(id).SerializeAsString());
  ASSERT_EQ(ListedOfFacility("t1").size(), 1U);
  EXPECT_EQ(ListedOfFacility("t1").front().versions_size(), 1) << "it ordered the exam";

  TellConsent("m1", false);
  EXPECT_EQ(ListedOfFacility("t2").front().versions_size(), 1);
}

TEST_F(Refusal, IsToldToWhoHadAcceptedTheResultAndSoIsItsEnd) {
  const std::string id = PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  std::string t1;
  std::string t2;
  LastTold("t1", t1);
  LastTold("t2", t2);

  TellConsent("m1", true);
  EXPECT_EQ(LastTold("t2", t2).SerializeAsString(), Withheld(id).SerializeAsString());
  EXPECT_TRUE(LastTold("t1", t1).id().empty()) << "whom the result names has nothing to hide";
  TellConsent("m1", true);
  EXPECT_TRUE(LastTold("t2", t2).id().empty()) << "once";

  TellConsent("m1", false);
  const v1::Result again = LastTold("t2", t2);
  EXPECT_EQ(again.id(), id);
  EXPECT_EQ(again.versions_size(), 1);
}

TEST_F(Refusal, IsToldToWhoHadAcceptedAResultThatTurnsOutToBeSuchAPatients) {
  const std::string id = PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  TellConsent("m2", true);
  std::string t2;
  LastTold("t2", t2);
  events::v1::PatientChanged moved;
  moved.mutable_patient()->set_id("m2");
  moved.mutable_patient()->set_state(registry::v1::PATIENT_STATE_PROVISIONAL);
  moved.mutable_patient()->set_sharing_refused(true);
  events::v1::PatientLink& link = *moved.add_links();
  link.set_facility_id("t1");
  link.set_facility_patient_id("p1");
  link.set_name("王芳");
  Tell(moved, "m2");
  EXPECT_EQ(LastTold("t2", t2).SerializeAsString(), Withheld(id).SerializeAsString());
}

TEST_F(Refusal, FindsNoContentInTheServicesFeedForWhoOnlyAcceptedIt) {
  PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  auto report = ReportOf("o1");
  report.set_version(2);
  *report.add_versions() = report.versions(0);
  report.mutable_versions(1)->set_number(2);
  report.mutable_versions(1)->set_kind(reading::v1::VERSION_KIND_AMENDED);
  report.mutable_versions(1)->mutable_content()->set_impression("amended words");
  TellReport(report);
  EXPECT_NE(RawFeed("t1").find("amended words"), std::string::npos);
  EXPECT_FALSE(RawFeed("t2").empty());
  EXPECT_EQ(RawFeed("t2").find("amended words"), std::string::npos);
  std::string t2;
  EXPECT_EQ(LastTold("t2", t2).versions_size(), 2) << "what it may see it reads";
}

TEST_F(Refusal, IsOverriddenInAnEmergencyWithAReasonThatIsReviewed) {
  const std::string id = PublishOwn();
  TellConsent("m1", true);
  auto question = Question("t2", "q9");
  question.set_emergency_reason("unconscious, suspected bleeding");
  v1::CheckRecognitionResponse response;
  const absl::Status unnamed =
      Call(&v1::RecognitionService::Stub::CheckRecognition, *recognition_stub_, "t2", question, &response);
  EXPECT_EQ(base::DetailOf(unnamed).field, "doctor");
  question.mutable_doctor()->set_name("Dr. Li");
  const v1::ItemVerdict verdict = Ask(question);
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_ELIGIBLE);
  ASSERT_EQ(verdict.candidates_size(), 1);
  EXPECT_EQ(verdict.candidates(0).result().id(), id);
  EXPECT_EQ(CountAudit("purpose: \"EMERGENCY\""), 1);
  EXPECT_EQ(CountAudit("scope_reason: \"emergency\""), 1);

  const auto looks = Looks("t2");
  ASSERT_EQ(looks.size(), 1u);
  EXPECT_EQ(looks[0].reason(), "unconscious, suspected bleeding");
  EXPECT_EQ(looks[0].doctor().name(), "Dr. Li");
  EXPECT_EQ(looks[0].patient_id(), "m1");
  ASSERT_EQ(looks[0].result_ids_size(), 1);
  EXPECT_EQ(looks[0].result_ids(0), id);
  EXPECT_TRUE(Looks("t1").empty());
}

TEST_F(Refusal, LooksOfOthersAreShownToTheSupervisorAlone) {
  for (const char* role : {"clinic_doctor", "reader", "patient_steward"}) {
    rpc::ClientCall call(As("t2", role), {.timeout = absl::Seconds(30)});
    v1::ListEmergencyLooksResponse response;
    EXPECT_TRUE(absl::IsPermissionDenied(call.Result(
        recognition_stub_->ListEmergencyLooks(call.context(), v1::ListEmergencyLooksRequest(), &response))))
        << role;
  }
}

TEST_F(Refusal, IsNoMatterWhereThePatientAgrees) {
  PublishOwn();
  auto question = Question("t2", "q9");
  question.set_emergency_reason("unconscious");
  question.mutable_doctor()->set_name("Dr. Li");
  EXPECT_EQ(Ask(question).verdict(), v1::VERDICT_ELIGIBLE);
  EXPECT_TRUE(Looks("t2").empty());
}

}  // namespace
}  // namespace tongjian::exchange
