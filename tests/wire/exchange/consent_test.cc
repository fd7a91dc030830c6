// A patient refuses that results are shown to facilities that neither ordered nor made them (R-CONSENT).
#include <grpcpp/grpcpp.h>

#include "common/base/status.h"
#include "tests/wire/exchange/exchange_rig.h"

namespace tongjian::exchange {
namespace {

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
  EXPECT_EQ(Pull("t2")->events_size(), 0) << "neither is what was announced before the refusal";
  report.set_version(3);
  report.set_state(reading::v1::REPORT_STATE_RETRACTED);
  TellReport(report);
  EXPECT_EQ(Pull("t2")->events_size(), 0);
  EXPECT_GE(Pull("t1")->events_size(), 3);

  TellConsent("m1", false);
  EXPECT_TRUE(Get("t2", id).ok());
  EXPECT_EQ(Listed("t2"), 1);
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
