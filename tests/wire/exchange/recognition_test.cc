#include <grpcpp/grpcpp.h>

#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "services/exchange/prompt_timer.h"
#include "tests/wire/exchange/exchange_rig.h"
#include "tongjian/registry/v1/patient.grpc.pb.h"

namespace tongjian::exchange {
namespace {

TEST_F(ExchangeRig, SecondClinicIsShownTheEarlierResult) {
  const std::string id = PublishOwn();
  clock_.Advance(absl::Hours(24 * 5));
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_ELIGIBLE);
  ASSERT_EQ(verdict.candidates_size(), 1);
  EXPECT_EQ(verdict.candidates(0).result().id(), id);
  EXPECT_EQ(verdict.candidates(0).age_days(), 5);
  EXPECT_EQ(verdict.candidates(0).window_days(), 30);
  EXPECT_EQ(verdict.candidates(0).basis(), "community County community");
  EXPECT_EQ(CountAudit("purpose: \"RECOGNITION\""), 1);
  EXPECT_EQ(CountAudit("scope_reason: \"recognition\""), 1);
  EXPECT_EQ(CountAudit(id), 1);
}

TEST_F(ExchangeRig, SameVisitGetsTheSamePrompt) {
  PublishOwn();
  const std::string prompt_id = Ask(Question("t2", "q9")).prompt_id();
  EXPECT_FALSE(prompt_id.empty());
  EXPECT_EQ(Ask(Question("t2", "q9")).prompt_id(), prompt_id);
  EXPECT_EQ(Counts().prompts(), 1);
  auto other = Question("t2", "q9");
  other.set_encounter("visit-2");
  EXPECT_NE(Ask(other).prompt_id(), prompt_id);
  EXPECT_EQ(Counts().prompts(), 2);
}

TEST_F(ExchangeRig, SomebodyElseIsShownNothing) {
  PublishOwn();
  LinkPatient("t2", "other", "m9");
  const v1::ItemVerdict verdict = Ask(Question("t2", "other"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_NO_PRIOR);
  EXPECT_TRUE(verdict.candidates().empty());
  EXPECT_TRUE(verdict.prompt_id().empty());
}

// The registry's answer to whoever asks in words without a number.
class NamesakeRegistry final : public registry::v1::PatientService::Service {
 public:
  explicit NamesakeRegistry(std::string linked_by) : linked_by_(std::move(linked_by)) {
    grpc::ServerBuilder builder;
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  std::shared_ptr<grpc::Channel> Channel() { return server_->InProcessChannel(grpc::ChannelArguments()); }

  grpc::Status ResolvePatient(grpc::ServerContext*, const registry::v1::ResolvePatientRequest*,
                              registry::v1::ResolvePatientResponse* out) override {
    out->mutable_patient()->set_id("m1");
    out->mutable_patient()->set_state(registry::v1::PATIENT_STATE_VERIFIED);
    out->set_linked_by(linked_by_);
    return grpc::Status::OK;
  }

 private:
  const std::string linked_by_;
  std::unique_ptr<grpc::Server> server_;
};

TEST_F(ExchangeRig, NamesakeIsNeverShownWhatWasFound) {
  PublishOwn();
  NamesakeRegistry registry("same_words");
  registry_ = registry.Channel();
  const v1::ItemVerdict verdict = Ask(Question("t2", ""));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_NOT_ELIGIBLE);
  ASSERT_EQ(verdict.candidates_size(), 1);
  EXPECT_EQ(verdict.candidates(0).primary_reason(), v1::INELIGIBLE_REASON_IDENTITY);
  EXPECT_TRUE(verdict.candidates(0).result().versions().empty());
  EXPECT_EQ(Counts().prompts(), 0);
}

TEST_F(ExchangeRig, VerifiedDocumentMakesThePersonCertain) {
  PublishOwn();
  NamesakeRegistry registry("verified_document");
  registry_ = registry.Channel();
  EXPECT_EQ(Ask(Question("t2", "")).verdict(), v1::VERDICT_ELIGIBLE);
}

TEST_F(ExchangeRig, ResultOfAnOrderWithoutANumberCountsForNobody) {
  LinkPatient("t2", "q9", "m1");
  TellUnnumbered("o1", "m1");
  TellStudy("o1");
  TellReport(ReportOf("o1"));
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_NOT_ELIGIBLE);
  ASSERT_EQ(verdict.candidates_size(), 1);
  EXPECT_EQ(verdict.candidates(0).primary_reason(), v1::INELIGIBLE_REASON_IDENTITY);
  EXPECT_TRUE(verdict.candidates(0).result().versions().empty());
}

TEST_F(ExchangeRig, RetractedResultShowsNoContent) {
  PublishOwn();
  auto report = ReportOf("o1");
  report.set_version(2);
  report.set_state(reading::v1::REPORT_STATE_RETRACTED);
  TellReport(report);
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_NOT_ELIGIBLE);
  EXPECT_EQ(verdict.candidates(0).primary_reason(), v1::INELIGIBLE_REASON_STATE);
  EXPECT_TRUE(verdict.candidates(0).result().versions().empty());
}

TEST_F(ExchangeRig, TimeThatAPersonConfirmedCounts) {
  LinkPatient("t1", "p1", "m1");
  LinkPatient("t2", "q9", "m1");
  TellOrder("o1");
  events::v1::StudyChanged changed;
  imaging::v1::Study& study = *changed.mutable_study();
  study.set_id("study-o1");
  study.set_study_instance_uid("1.2.3");
  study.set_facility_id("t1");
  study.add_order_ids("o1");
  study.set_instance_count(2);
  study.set_version(1);
  study.set_state(imaging::v1::STUDY_STATE_VERIFIED);
  *study.mutable_performed()->mutable_device_time() = rpc::ToProto(clock_.Now() + absl::Hours(24 * 3650));
  study.mutable_performed()->set_implausible(true);
  Tell(changed, study.id());
  TellReport(ReportOf("o1"));
  EXPECT_EQ(Ask(Question("t2", "q9")).verdict(), v1::VERDICT_NOT_ELIGIBLE);
  study.set_version(2);
  *study.mutable_confirmed_time() = rpc::ToProto(clock_.Now() - absl::Hours(48));
  Tell(changed, study.id());
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(verdict.verdict(), v1::VERDICT_ELIGIBLE);
  ASSERT_EQ(verdict.candidates_size(), 1);
  EXPECT_EQ(verdict.candidates(0).age_days(), 2);
}

TEST_F(ExchangeRig, AcceptingSavesThePriceOfTheDay) {
  PublishOwn();
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  const auto decision = Decide(verdict, v1::DECISION_KIND_ACCEPTED);
  ASSERT_TRUE(decision.ok()) << decision.status();
  EXPECT_EQ(decision->saved_fen(), 6000);
  EXPECT_EQ(decision->price_id(), "price-1");
  EXPECT_EQ(decision->performing_facility_id(), "t1");
  EXPECT_EQ(Decide(verdict, v1::DECISION_KIND_ACCEPTED)->id(), decision->id());
  EXPECT_EQ(base::DetailOf(Decide(verdict, v1::DECISION_KIND_ACCEPTED, "", "d2").status()).reason,
            "STATE_NOT_ALLOWED");
  const v1::RecognitionCounts counts = Counts();
  EXPECT_EQ(counts.accepted(), 1);
  EXPECT_EQ(counts.rate_denominator(), 1);
  EXPECT_EQ(counts.saved_tests(), 1);
  EXPECT_EQ(counts.saved_fen(), 6000);
}

TEST_F(ExchangeRig, RetractionIsNewsToWhoeverAccepted) {
  PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  EXPECT_EQ(Pull("t2")->events_size(), 0);
  auto report = ReportOf("o1");
  report.set_version(2);
  report.set_state(reading::v1::REPORT_STATE_RETRACTED);
  TellReport(report);
  ASSERT_EQ(Pull("t2")->events_size(), 1);
  EXPECT_EQ(Pull("t2")->events(0).result().state(), v1::RESULT_STATE_RETRACTED);
}

TEST_F(ExchangeRig, DeclineNeedsACodeAndCountsByIt) {
  PublishOwn();
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  EXPECT_EQ(base::DetailOf(Decide(verdict, v1::DECISION_KIND_DECLINED).status()).reason, "REASON_REQUIRED");
  const absl::Status silent = Decide(verdict, v1::DECISION_KIND_DECLINED, "98", "d2").status();
  EXPECT_EQ(base::DetailOf(silent).field, "decision.kind");
  EXPECT_THAT(std::string(silent.message()), ::testing::HasSubstr("NOT_COUNTED takes 98"));
  EXPECT_EQ(Counts().not_counted(), 0);
  ASSERT_TRUE(Decide(verdict, v1::DECISION_KIND_NOT_COUNTED, "98", "d3").ok());
  EXPECT_EQ(Counts().not_counted(), 1);
  EXPECT_EQ(Counts().rate_denominator(), 0);
  EXPECT_EQ(Counts().coverage_numerator(), 1);
}

TEST_F(ExchangeRig, RevokingTakesTheCountsBack) {
  PublishOwn();
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  const auto decision = Decide(verdict, v1::DECISION_KIND_ACCEPTED);
  v1::RevokeDecisionRequest request;
  request.set_request_id("r1");
  request.set_id(decision->id());
  v1::Decision revoked;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(
        Call(&v1::RecognitionService::Stub::RevokeDecision, *recognition_stub_, "t2", request, &revoked).ok());
  }
  EXPECT_EQ(revoked.kind(), v1::DECISION_KIND_REVOKED);
  EXPECT_EQ(revoked.revoked_kind(), v1::DECISION_KIND_ACCEPTED);
  EXPECT_EQ(Counts().accepted(), 0);
  EXPECT_EQ(Counts().saved_fen(), 0);
  EXPECT_TRUE(Decide(verdict, v1::DECISION_KIND_DECLINED, "01", "d9").ok());
  EXPECT_EQ(Counts().declined(), 1);
}

TEST_F(ExchangeRig, NoPromptIsIgnoredForAWrongYear) {
  PromptTimer timer(*decisions_, clock_, absl::Hours(6));
  PublishOwn();
  Ask(Question("t2", "q9"));
  const absl::Time right = clock_.Now();
  clock_.Advance(absl::Hours(7));
  for (const int years : {5, 0, -5, 0}) {
    clock_.JumpTo(right + absl::Hours(24 * 365) * years);
    ASSERT_TRUE(timer.RunOnce().ok());
    EXPECT_EQ(Counts().ignored(), 0) << years;
  }
  clock_.Advance(absl::Hours(25));
  ASSERT_TRUE(timer.RunOnce().ok());
  EXPECT_EQ(Counts().ignored(), 1);
}

TEST_F(ExchangeRig, PromptNobodyAnsweredIsIgnoredAndMayStillBeDecided) {
  PublishOwn();
  const v1::ItemVerdict verdict = Ask(Question("t2", "q9"));
  clock_.Advance(absl::Hours(23));
  EXPECT_EQ(*decisions_->IgnoreOverdue(clock_.Now(), 100), 0);
  clock_.Advance(absl::Hours(2));
  EXPECT_EQ(*decisions_->IgnoreOverdue(clock_.Now(), 100), 1);
  EXPECT_EQ(*decisions_->IgnoreOverdue(clock_.Now(), 100), 0);
  EXPECT_EQ(Counts().ignored(), 1);
  EXPECT_EQ(Counts().declined(), 0);
  ASSERT_TRUE(Decide(verdict, v1::DECISION_KIND_ACCEPTED).ok());
  EXPECT_EQ(Counts().ignored(), 0);
  EXPECT_EQ(Counts().accepted(), 1);
}

TEST_F(ExchangeRig, OrderForTheSameExamTakesTheSavingBackOnce) {
  PublishOwn();
  const auto decision = Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED);
  clock_.Advance(absl::Hours(24 * 6));
  TellOrder("o2");
  TellOrder("o3");
  EXPECT_EQ(Counts().rebounds(), 1);
  EXPECT_EQ(Counts().saved_tests(), 0);
  EXPECT_EQ(Counts().saved_fen(), 0);
  EXPECT_EQ(Counts().accepted(), 1);
}

TEST_F(ExchangeRig, OrderAfterTheTimeOfReboundLeavesTheSaving) {
  PublishOwn();
  ASSERT_TRUE(Decide(Ask(Question("t2", "q9")), v1::DECISION_KIND_ACCEPTED).ok());
  clock_.Advance(absl::Hours(24 * 8));
  TellOrder("o2");
  EXPECT_EQ(Counts().saved_tests(), 1);
}

}  // namespace
}  // namespace tongjian::exchange
