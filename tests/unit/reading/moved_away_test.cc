// What was signed or published over images that were moved away, or for an order that ended, does not count any more.
#include <functional>

#include "services/reading/journal.h"
#include "tests/unit/reading/reading_rig.h"

namespace tongjian::reading {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class MovedAwayTest : public ReadingRig {
 protected:
  // An order with the studies s1 and s2, and a draft of p1 over them.
  void Write(int signers) {
    order_ = NewOrder("o1");
    order_.mutable_routing()->set_signers(signers);
    ASSERT_THAT(Hear(order_), IsOk());
    ASSERT_THAT(Hear(first_), IsOk());
    ASSERT_THAT(Hear(second_), IsOk());
    task_ = TaskOf("o1");
    ASSERT_THAT(task_.study_ids, ElementsAre("s1", "s2"));
    report_ = Drafted(task_);
  }
  absl::Status Sign(const std::string& person) {
    report_ = *reports_->Get(By(person).scope, report_.id);
    const auto report = reports_->Sign(By(person), report_.id, task_.claim_fence, Etag(report_), "");
    if (report.ok()) report_ = *report;
    return report.status();
  }
  void MoveAway(imaging::v1::Study& study) {
    study.clear_order_ids();
    ASSERT_THAT(Hear(study), IsOk());
  }
  void Cancel() {
    order_.set_state(orders::v1::ORDER_STATE_CANCELLED);
    ASSERT_THAT(Hear(order_), IsOk());
    ASSERT_EQ(Name(TaskOf("o1").state), "CANCELLED");
  }
  Report Now() { return *reports_->Get(By("p1").scope, report_.id); }
  void ExpectNobodySigns() {
    const int64_t was = Now().version;
    for (const char* person : {"p2", "p1"}) {
      const absl::Status refused = Sign(person);
      EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition) << refused;
      EXPECT_NE(base::DetailOf(refused).reason, "");
    }
    EXPECT_EQ(Now().version, was);
  }
  // Claims anew, saves, and both sign.
  void ReadAgain() {
    task_ = *tasks_->Claim(By("p1"), task_.id);
    const auto saved = reports_->SaveDraft(By("p1"), task_.id, task_.claim_fence, Says("再看"), Etag(Now()));
    ASSERT_THAT(saved.status(), IsOk());
    report_ = *saved;
    ASSERT_THAT(Sign("p1"), IsOk());
    if (task_.signers > 1) {
      ASSERT_THAT(Sign("p2"), IsOk());
    }
    EXPECT_EQ(Name(report_.state), "FINAL");
    EXPECT_EQ(report_.study_ids, TaskOf("o1").study_ids);
    EXPECT_THAT(reports_->Verify(report_), IsEmpty());
    EXPECT_EQ(Name(TaskOf("o1").state), "COMPLETED");
  }

  orders::v1::Order order_;
  imaging::v1::Study first_ = NewStudy("s1", {"o1"});
  imaging::v1::Study second_ = NewStudy("s2", {"o1"});
  Task task_;
  Report report_;
};

TEST_F(MovedAwayTest, VoidsASignatureThatWaitsForApproval) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  MoveAway(first_);
  MoveAway(second_);
  EXPECT_EQ(Name(TaskOf("o1").state), "WAITING");
  EXPECT_EQ(TaskOf("o1").note, "the study was moved away");
  EXPECT_EQ(Name(Now().state), "DRAFT");
  EXPECT_FALSE(Now().pending.has_value());
  EXPECT_EQ(Now().draft, Says("未见异常"));
  ExpectNobodySigns();
  first_.add_order_ids("o1");
  ASSERT_THAT(Hear(first_), IsOk());
  EXPECT_EQ(Name(TaskOf("o1").state), "QUEUED");
  ExpectNobodySigns();
  ReadAgain();
}

TEST_F(MovedAwayTest, VoidsASignatureOverMoreThanIsLeft) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  MoveAway(first_);
  EXPECT_EQ(Name(TaskOf("o1").state), "QUEUED");
  EXPECT_EQ(TaskOf("o1").note, "the study was moved away");
  ExpectNobodySigns();
  task_ = *tasks_->Claim(By("p1"), task_.id);
  EXPECT_THAT(Sign("p1"), HasReason("STATE_NOT_ALLOWED"));  // The draft was written over both.
  EXPECT_THAT(reports_->IssuePreliminary(By("p1"), report_.id, task_.claim_fence).status(),
              HasReason("STATE_NOT_ALLOWED"));
  ReadAgain();
}

TEST_F(MovedAwayTest, VoidsASignatureOverLessThanHasCome) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  imaging::v1::Study third = NewStudy("s3", {"o1"});
  ASSERT_THAT(Hear(third), IsOk());
  EXPECT_EQ(Name(TaskOf("o1").state), "QUEUED");
  EXPECT_EQ(TaskOf("o1").note, "a study came after its author had signed");
  ExpectNobodySigns();
  ReadAgain();
}

TEST_F(MovedAwayTest, RetractsAPreliminaryReport) {
  Write(1);
  ASSERT_THAT(reports_->IssuePreliminary(By("p1"), report_.id, task_.claim_fence).status(), IsOk());
  MoveAway(second_);
  const auto seen = reports_->Get(security::Scope::Facilities({"f1"}), report_.id);
  ASSERT_THAT(seen.status(), IsOk());
  EXPECT_EQ(Name(seen->state), "RETRACTED");
  EXPECT_THAT(seen->retract_reason, HasSubstr("moved away"));
  events::v1::ReportChanged told;
  ASSERT_TRUE(told.ParseFromString(Events().back().payload));
  EXPECT_EQ(told.report().state(), v1::REPORT_STATE_RETRACTED);
  EXPECT_THAT(Events().back().audiences, Contains("f1"));
  task_ = TaskOf("o1");
  EXPECT_EQ(Name(task_.state), "QUEUED");
  EXPECT_EQ(task_.claimed_by, "");
  const Report next = Signed(task_);
  EXPECT_NE(next.id, report_.id);
  EXPECT_EQ(Name(TaskOf("o1").state), "COMPLETED");
}

TEST_F(MovedAwayTest, RetractsAPreliminaryReportWhateverItsTaskWaitsFor) {
  Write(2);
  ASSERT_THAT(reports_->IssuePreliminary(By("p1"), report_.id, task_.claim_fence).status(), IsOk());
  ASSERT_THAT(Sign("p1"), IsOk());
  ASSERT_EQ(Name(TaskOf("o1").state), "AWAITING_APPROVAL");
  order_.set_state(orders::v1::ORDER_STATE_HELD);
  ASSERT_THAT(Hear(order_), IsOk());
  MoveAway(first_);
  MoveAway(second_);
  EXPECT_EQ(Name(Now().state), "RETRACTED");
  EXPECT_FALSE(Now().pending.has_value());
  EXPECT_EQ(TaskOf("o1").report_id, "");
  ExpectNobodySigns();
}

TEST_F(MovedAwayTest, LeavesAPreliminaryReportWhenOnlyMoreComes) {
  Write(1);
  ASSERT_THAT(reports_->IssuePreliminary(By("p1"), report_.id, task_.claim_fence).status(), IsOk());
  imaging::v1::Study third = NewStudy("s3", {"o1"});
  ASSERT_THAT(Hear(third), IsOk());
  EXPECT_EQ(Name(Now().state), "PRELIMINARY");
  EXPECT_EQ(Name(TaskOf("o1").state), "PRELIMINARY");
}

TEST_F(MovedAwayTest, VoidsAnAmendmentThatWaitsForApproval) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  ASSERT_THAT(Sign("p2"), IsOk());
  const auto amend = [&] {
    return reports_->Add(By("p1"), report_.id, Etag(Now()), VersionKind::kAmended, Says("结节"), "overlooked").status();
  };
  ASSERT_THAT(amend(), IsOk());
  MoveAway(second_);
  EXPECT_EQ(Name(TaskOf("o1").state), "REOPENED");
  EXPECT_FALSE(Now().pending.has_value());
  EXPECT_EQ(Name(Now().state), "FINAL");
  ExpectNobodySigns();
  task_ = *tasks_->Claim(By("p1"), task_.id);
  second_.add_order_ids("o1");
  ASSERT_THAT(Hear(second_), IsOk());
  MoveAway(first_);
  EXPECT_THAT(amend(), HasReason("STATE_NOT_ALLOWED"));  // Claimed over what is no longer there.
  task_ = *tasks_->Claim(By("p1"), task_.id);
  EXPECT_THAT(amend(), IsOk());
}

// Also where nothing was voided: a signature from before a release that voids them.
TEST_F(MovedAwayTest, RefusesAnApproverWhatTheAuthorSignedOverSomethingElse) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  const auto change = [&](const std::function<void(Task&)>& to) {
    Task task = TaskOf("o1");
    to(task);
    ASSERT_THAT(database_->Write([&](store::Transaction& tx) { return KeepQuiet(tx, task); }), IsOk());
  };
  change([](Task& task) { task.study_ids = {"s1"}; });
  EXPECT_THAT(Sign("p2"), HasReason("STATE_NOT_ALLOWED"));
  change([](Task& task) {
    task.study_ids = {"s1", "s2"};
    task.state = TaskState::kCancelled;
  });
  EXPECT_THAT(Sign("p2"), HasReason("STATE_NOT_ALLOWED"));
  change([](Task& task) { task.state = TaskState::kAwaitingApproval; });
  EXPECT_THAT(Sign("p2"), IsOk());
}

TEST_F(MovedAwayTest, VoidsASignatureWhenTheOrderIsCancelled) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  const std::string read = Etag(report_);
  Cancel();
  EXPECT_THAT(reports_->Sign(By("p2"), report_.id, 0, read, "").status(), HasReason("ETAG_MISMATCH"));
  EXPECT_FALSE(Now().pending.has_value());
  EXPECT_EQ(Name(Now().state), "DRAFT");
  ExpectNobodySigns();
  EXPECT_TRUE(absl::IsNotFound(reports_->Get(security::Scope::Facilities({"f1"}), report_.id).status()));
}

TEST_F(MovedAwayTest, VoidsAnAmendmentWhenTheOrderIsCancelled) {
  Write(2);
  ASSERT_THAT(Sign("p1"), IsOk());
  ASSERT_THAT(Sign("p2"), IsOk());
  first_.set_instance_count(5);
  ASSERT_THAT(Hear(first_), IsOk());
  ASSERT_EQ(Name(TaskOf("o1").state), "REOPENED");
  const auto amended =
      reports_->Add(By("p1"), report_.id, Etag(Now()), VersionKind::kAmended, Says("结节"), "late images");
  ASSERT_THAT(amended.status(), IsOk());
  Cancel();
  EXPECT_FALSE(Now().pending.has_value());
  EXPECT_EQ(Name(Now().state), "FINAL");
  ExpectNobodySigns();
}

}  // namespace
}  // namespace tongjian::reading
