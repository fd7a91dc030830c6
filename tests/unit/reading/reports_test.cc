#include "services/reading/reports.h"

#include "services/reading/journal.h"
#include "tests/unit/reading/reading_rig.h"

namespace tongjian::reading {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

using ReportsTest = ReadingRig;

TEST_F(ReportsTest, SignsWithNamesOfTheDay) {
  Task task = Queued("o1");
  const Report report = Signed(task);
  EXPECT_EQ(report.state, ReportState::kFinal);
  EXPECT_EQ(report.requesting_facility_name, "名 f1");
  EXPECT_EQ(report.issuing_facility_name, "名 hub");
  ASSERT_THAT(report.versions, SizeIs(1));
  EXPECT_TRUE(report.versions[0].released);
  ASSERT_THAT(report.versions[0].signatures, SizeIs(1));
  EXPECT_EQ(report.versions[0].signatures[0].signer.name, "Dr p1");
  EXPECT_FALSE(report.versions[0].signatures[0].legal_note.empty());
  EXPECT_THAT(reports_->Verify(report), IsEmpty());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCompleted);
}

TEST_F(ReportsTest, AnswersTheSameRequestTheSame) {
  Task task = Queued("o1");
  const Report draft = Drafted(task);
  const Asked asked = By("p1");
  ASSERT_THAT(reports_->Sign(asked, draft.id, task.claim_fence, Etag(draft), "").status(), IsOk());
  const auto again = reports_->Sign(asked, draft.id, task.claim_fence, Etag(draft), "");
  ASSERT_THAT(again.status(), IsOk());
  EXPECT_THAT(again->versions, SizeIs(1));
}

TEST_F(ReportsTest, NobodySignsWhatSomebodyChangedMeanwhile) {
  Task task = Queued("o1");
  const Report draft = Drafted(task);
  ASSERT_THAT(reports_->SaveDraft(By("p1"), task.id, task.claim_fence, Says("other"), Etag(draft)).status(), IsOk());
  EXPECT_THAT(reports_->Sign(By("p1"), draft.id, task.claim_fence, Etag(draft), "").status(), HasReason("ETAG_MISMATCH"));
  EXPECT_THAT(reports_->SaveDraft(By("p1"), task.id, task.claim_fence, Says("third"), Etag(draft)).status(),
              HasReason("ETAG_MISMATCH"));
}

TEST_F(ReportsTest, RefusesWhoIsNotEntitledAndWaitsForARegistryThatIsAway) {
  Task task = Queued("o1");
  const Report draft = Drafted(task);
  right_.refused.insert("p1");
  EXPECT_THAT(reports_->Sign(By("p1"), draft.id, task.claim_fence, Etag(draft), "").status(),
              HasReason("NOT_ENTITLED_TO_SIGN"));
  right_.refused.clear();
  right_.away = true;
  const absl::Status away = reports_->Sign(By("p1"), draft.id, task.claim_fence, Etag(draft), "").status();
  EXPECT_EQ(away.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(base::DetailOf(away).retryable);
  right_.away = false;
  EXPECT_THAT(reports_->Sign(By("p1"), draft.id, task.claim_fence, Etag(draft), "").status(), IsOk());
}

class TwoSignersTest : public ReadingRig {
 protected:
  TwoSignersTest() {
    orders::v1::Order order = NewOrder("o1");
    order.mutable_routing()->set_signers(2);
    imaging::v1::Study study = NewStudy("s1", {"o1"});
    EXPECT_THAT(Hear(order), IsOk());
    EXPECT_THAT(Hear(study), IsOk());
    task_ = TaskOf("o1");
    draft_ = Drafted(task_);
  }
  Task task_;
  Report draft_;
};

TEST_F(TwoSignersTest, NeedsAnotherPersonsApproval) {
  const auto waiting = reports_->Sign(By("p1"), draft_.id, task_.claim_fence, Etag(draft_), "");
  ASSERT_THAT(waiting.status(), IsOk());
  EXPECT_EQ(waiting->state, ReportState::kAwaitingApproval);
  EXPECT_THAT(waiting->versions, IsEmpty());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kAwaitingApproval);
  EXPECT_THAT(reports_->Sign(By("p1"), draft_.id, 0, Etag(*waiting), "").status(), HasReason("SAME_SIGNER"));
  const auto final = reports_->Sign(By("p2"), draft_.id, 0, Etag(*waiting), "");
  ASSERT_THAT(final.status(), IsOk());
  EXPECT_EQ(final->state, ReportState::kFinal);
  ASSERT_THAT(final->versions[0].signatures, SizeIs(2));
  EXPECT_EQ(final->versions[0].signatures[1].role, "approver");
  EXPECT_THAT(reports_->Verify(*final), IsEmpty());
}

TEST_F(TwoSignersTest, TakesOnePersonAloneOnDutyWithAReason) {
  const auto final = reports_->Sign(By("p1"), draft_.id, task_.claim_fence, Etag(draft_), "night, alone");
  ASSERT_THAT(final.status(), IsOk());
  EXPECT_EQ(final->state, ReportState::kFinal);
  ASSERT_THAT(final->versions[0].signatures, SizeIs(2));
  EXPECT_EQ(final->versions[0].signatures[1].single_duty_reason, "night, alone");
}

TEST_F(TwoSignersTest, SendsARejectedOneBackToItsAuthor) {
  const auto waiting = reports_->Sign(By("p1"), draft_.id, task_.claim_fence, Etag(draft_), "");
  ASSERT_THAT(waiting.status(), IsOk());
  const auto rejected = reports_->Reject(By("p2"), draft_.id, "look at the left apex");
  ASSERT_THAT(rejected.status(), IsOk());
  EXPECT_EQ(rejected->state, ReportState::kDraft);
  const Task task = TaskOf("o1");
  EXPECT_EQ(task.state, TaskState::kClaimed);
  EXPECT_EQ(task.claimed_by, "p1");
  EXPECT_THAT(reports_->SaveDraft(By("p1"), task.id, task.claim_fence, Says("now right"), Etag(*rejected)).status(), IsOk());
}

TEST_F(ReportsTest, ADraftingClinicNeedsTheHubsApproval) {
  orders::v1::Order order = NewOrder("o1");
  order.mutable_routing()->set_reading_mode(registry::v1::READING_MODE_CLINIC_DRAFTS);
  imaging::v1::Study study = NewStudy("s1", {"o1"});
  ASSERT_THAT(Hear(order), IsOk());
  ASSERT_THAT(Hear(study), IsOk());
  Task task = TaskOf("o1");
  EXPECT_THAT(tasks_->Claim(By("p1"), task.id).status(), HasReason("PERMISSION_DENIED"));
  const Report draft = Drafted(task, "c1", "f1");
  EXPECT_THAT(reports_->Sign(By("c1", "f1"), draft.id, task.claim_fence, Etag(draft), "alone").status(),
              HasReason("PERMISSION_DENIED"));
  const auto waiting = reports_->Sign(By("c1", "f1"), draft.id, task.claim_fence, Etag(draft), "");
  ASSERT_THAT(waiting.status(), IsOk());
  EXPECT_THAT(reports_->Sign(By("c2", "f1"), draft.id, 0, Etag(*waiting), "").status(), HasReason("PERMISSION_DENIED"));
  const auto final = reports_->Sign(By("p1"), draft.id, 0, Etag(*waiting), "");
  ASSERT_THAT(final.status(), IsOk());
  EXPECT_EQ(final->issuing_facility_id, "hub");
}

TEST_F(ReportsTest, AClinicThatSignsItselfIssues) {
  orders::v1::Order order = NewOrder("o1");
  order.mutable_routing()->set_reading_mode(registry::v1::READING_MODE_CLINIC_SIGNS);
  imaging::v1::Study study = NewStudy("s1", {"o1"});
  ASSERT_THAT(Hear(order), IsOk());
  ASSERT_THAT(Hear(study), IsOk());
  Task task = TaskOf("o1");
  const Report draft = Drafted(task, "c1", "f1");
  const auto final = reports_->Sign(By("c1", "f1"), draft.id, task.claim_fence, Etag(draft), "");
  ASSERT_THAT(final.status(), IsOk());
  EXPECT_EQ(final->issuing_facility_id, "f1");
}

TEST_F(ReportsTest, ShowsTheClinicNoDraft) {
  Task task = Queued("o1");
  const Report draft = Drafted(task);
  EXPECT_TRUE(absl::IsNotFound(reports_->Get(security::Scope::Facilities({"f1"}), draft.id).status()));
  EXPECT_TRUE(absl::IsNotFound(reports_->Get(security::Scope::Facilities({"f2"}), draft.id).status()));
  const auto preliminary = reports_->IssuePreliminary(By("p1"), draft.id, task.claim_fence);
  ASSERT_THAT(preliminary.status(), IsOk());
  const auto seen = reports_->Get(security::Scope::Facilities({"f1"}), draft.id);
  ASSERT_THAT(seen.status(), IsOk());
  EXPECT_FALSE(seen->draft.has_value());
  EXPECT_THAT(seen->versions, SizeIs(1));
  for (const Told& told : Events()) {
    if (told.type != "tongjian.events.v1.ReportChanged") continue;
    events::v1::ReportChanged changed;
    ASSERT_TRUE(changed.ParseFromString(told.payload));
    EXPECT_FALSE(changed.report().has_draft());
    EXPECT_THAT(told.audiences, Contains("f1"));
  }
}

TEST_F(ReportsTest, HoldsAFinalVersionUntilItIsReleased) {
  Reports holding(*database_, ids_, *signer_, right_, names_, ReportRules{.hold_release = true});
  Task task = Queued("o1");
  const Report draft = Drafted(task);
  const auto final = holding.Sign(By("p1"), draft.id, task.claim_fence, Etag(draft), "");
  ASSERT_THAT(final.status(), IsOk());
  EXPECT_THAT(Events().back().audiences, Not(Contains("f1")));
  EXPECT_TRUE(absl::IsNotFound(holding.Get(security::Scope::Facilities({"f1"}), draft.id).status()));
  ASSERT_THAT(holding.Release(By("p1"), draft.id, 1).status(), IsOk());
  EXPECT_THAT(Events().back().audiences, Contains("f1"));
  EXPECT_THAT(holding.Get(security::Scope::Facilities({"f1"}), draft.id).status(), IsOk());
}

TEST_F(ReportsTest, KeepsTheOldVersionWhenItIsAmended) {
  Task task = Queued("o1");
  const Report first = Signed(task);
  EXPECT_THAT(reports_->Add(By("c1", "f1"), first.id, Etag(first), VersionKind::kAmended, Says("x"), "y").status(),
              HasReason("PERMISSION_DENIED"));
  const auto amended =
      reports_->Add(By("p2"), first.id, Etag(first), VersionKind::kAmended, Says("右肺结节"), "nodule overlooked");
  ASSERT_THAT(amended.status(), IsOk());
  EXPECT_EQ(amended->state, ReportState::kAmended);
  ASSERT_THAT(amended->versions, SizeIs(2));
  EXPECT_EQ(amended->versions[0], first.versions[0]);
  EXPECT_THAT(reports_->Verify(*amended), IsEmpty());
}

TEST_F(ReportsTest, IsReadAgainAfterARetraction) {
  Task task = Queued("o1");
  const Report report = Signed(task);
  const auto retracted = reports_->Retract(By("p1"), report.id, "wrong patient");
  ASSERT_THAT(retracted.status(), IsOk());
  EXPECT_EQ(retracted->state, ReportState::kRetracted);
  task = TaskOf("o1");
  EXPECT_EQ(task.state, TaskState::kReopened);
  const Report second = Signed(task);
  EXPECT_NE(second.id, report.id);
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCompleted);
}

// Whoever changes a byte of what was signed is found, wherever it stands.
TEST_F(ReportsTest, APreliminaryOfAnOrderThatIsCancelledDoesNotStand) {
  Task task = Queued("o1");
  const Report draft = Drafted(task);
  const auto issued = reports_->IssuePreliminary(By("p1"), draft.id, task.claim_fence);
  ASSERT_THAT(issued.status(), IsOk());
  orders::v1::Order order = NewOrder("o1");
  order.set_state(orders::v1::ORDER_STATE_RETURNED_FOR_INFORMATION);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(reports_->Get(By("p1").scope, draft.id)->state, ReportState::kPreliminary);
  order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCancelled);
  const auto withdrawn = reports_->Get(security::Scope::Facilities({"f1"}), draft.id);
  ASSERT_THAT(withdrawn.status(), IsOk());
  EXPECT_EQ(withdrawn->state, ReportState::kRetracted);
  EXPECT_THAT(withdrawn->retract_reason, HasSubstr("preliminary only"));
  events::v1::ReportChanged told;
  const Told last = Events().back();
  ASSERT_TRUE(told.ParseFromString(last.payload));
  EXPECT_EQ(told.report().state(), v1::REPORT_STATE_RETRACTED);
  EXPECT_THAT(last.audiences, Contains("f1"));
}

TEST_F(ReportsTest, AFinalReportStandsWhateverBecomesOfItsOrder) {
  Task task = Queued("o1");
  const Report report = Signed(task);
  imaging::v1::Study late = NewStudy("s-o1", {"o1"});
  late.set_instance_count(5);
  ASSERT_THAT(Hear(late), IsOk());
  ASSERT_EQ(TaskOf("o1").state, TaskState::kReopened);
  orders::v1::Order order = NewOrder("o1");
  order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCancelled);
  EXPECT_EQ(reports_->Get(By("p1").scope, report.id)->state, ReportState::kFinal);
}

TEST_F(ReportsTest, FindsAChangedByteInTheDatabase) {
  Task task = Queued("o1");
  const Report report = Signed(task);
  const auto findings = [&] { return reports_->Verify(*reports_->Get(security::Scope::Service(), report.id)); };
  const auto change = [&](const std::string& table, const std::string& column, const std::string& key, size_t at) {
    std::string was;
    ASSERT_THAT(database_->Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(const auto row, tx.QueryOne("select " + column + " from " + table + " where " + key + " = :id", report.id));
      was = row->Text(0);
      std::string bytes = row->Bytes(0);
      bytes.at(at) ^= 1;
      return tx.Execute("update " + table + " set " + column + " = :to where " + key + " = :id", store::Bytes(bytes), report.id)
          .status();
    }),
                IsOk());
    EXPECT_THAT(findings(), Not(IsEmpty())) << table << "." << column << " at " << at;
    ASSERT_THAT(database_->Write([&](store::Transaction& tx) {
      return tx.Execute("update " + table + " set " + column + " = :to where " + key + " = :id", was, report.id).status();
    }),
                IsOk());
    EXPECT_THAT(findings(), IsEmpty());
  };
  const std::string canonical = report.versions[0].canonical;
  for (const size_t at : {canonical.find("findings") + 12, canonical.find("patient-name") + 15, canonical.size() - 2}) {
    change("report_version", "canonical", "report_id", at);
  }
  std::string record;
  ASSERT_THAT(database_->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne("select record from report_version where report_id = :id", report.id));
    record = row->Bytes(0);
    return absl::OkStatus();
  }),
              IsOk());
  for (const std::string& part : {std::string("未见异常"), report.versions[0].digest.substr(10), std::string("p1")}) {
    change("report_version", "record", "report_id", record.find(part) + part.size() - 1);
  }
}

}  // namespace
}  // namespace tongjian::reading
