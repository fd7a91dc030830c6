#include "services/reading/evidence.h"

#include "common/feed/change.h"
#include "services/reading/follow_registry.h"
#include "services/reading/timers.h"
#include "tests/unit/reading/reading_rig.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::reading {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

using EvidenceTest = ReadingRig;

TEST_F(EvidenceTest, QueuesATaskOnceTheStudyIsComplete) {
  orders::v1::Order order = NewOrder("o1");
  imaging::v1::Study study = NewStudy("s1", {"o1"});
  study.set_state(imaging::v1::STUDY_STATE_RECEIVING);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kNone);
  ASSERT_THAT(Hear(study), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kWaiting);
  study.set_state(imaging::v1::STUDY_STATE_VERIFIED);
  ASSERT_THAT(Hear(study), IsOk());
  const Task task = TaskOf("o1");
  EXPECT_EQ(task.state, TaskState::kQueued);
  EXPECT_THAT(task.study_ids, ElementsAre("s1"));
  EXPECT_EQ(task.instance_count, 2);
}

TEST_F(EvidenceTest, QueuesUrgentOnesWhileImagesArrive) {
  orders::v1::Order order = NewOrder("o1");
  order.set_priority(common::v1::PRIORITY_URGENT);
  imaging::v1::Study study = NewStudy("s1", {"o1"});
  study.set_state(imaging::v1::STUDY_STATE_RECEIVING);
  ASSERT_THAT(Hear(order), IsOk());
  ASSERT_THAT(Hear(study), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kQueued);
}

TEST_F(EvidenceTest, ParksAStudyOfAnUnknownOrder) {
  imaging::v1::Study study = NewStudy("s1", {"o1"});
  EXPECT_THAT(Hear(study), HasReason("REFERENCE_UNKNOWN"));
}

TEST_F(EvidenceTest, AppliesEachVersionOnce) {
  Queued("o1");
  const size_t before = Events().size();
  orders::v1::Order order = NewOrder("o1");
  versions_["o1"] = 0;
  order.set_state(orders::v1::ORDER_STATE_CANCELLED);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kQueued);
  EXPECT_THAT(Events(), SizeIs(before));
}

TEST_F(EvidenceTest, CancelsWithTheOrder) {
  Queued("o1");
  orders::v1::Order order = NewOrder("o1");
  order.set_state(orders::v1::ORDER_STATE_RECOGNIZED);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCancelled);
}

TEST_F(EvidenceTest, ReopensWhenImagesComeAfterTheFinalReport) {
  Task task = Queued("o1");
  const Report report = Signed(task);
  imaging::v1::Study study = NewStudy("s-o1", {"o1"});
  ASSERT_THAT(Hear(study), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCompleted);
  study.set_instance_count(3);
  ASSERT_THAT(Hear(study), IsOk());
  task = TaskOf("o1");
  EXPECT_EQ(task.state, TaskState::kReopened);
  EXPECT_EQ(task.note, "1 images came after the report was written");
  task = *tasks_->Claim(By("p1"), task.id);
  ASSERT_THAT(reports_->Add(By("p1"), report.id, Etag(report), VersionKind::kAddendum, Says("补充"), "late image").status(),
              IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCompleted);
}

// Images that come while a report is written: whoever signs it has not seen them.
class LateImagesTest : public ReadingRig {
 protected:
  // An urgent task with one image so far, and a draft over it.
  void Write(int signers) {
    orders::v1::Order order = NewOrder("o1");
    order.set_priority(common::v1::PRIORITY_URGENT);
    order.mutable_routing()->set_signers(signers);
    study_ = NewStudy("s1", {"o1"});
    study_.set_state(imaging::v1::STUDY_STATE_RECEIVING);
    ASSERT_THAT(Hear(order), IsOk());
    Arrived(1);
    task_ = TaskOf("o1");
    report_ = Drafted(task_);
  }
  void Arrived(int images) {
    study_.set_instance_count(images);
    ASSERT_THAT(Hear(study_), IsOk());
  }
  void Save() {
    const auto saved = reports_->SaveDraft(By("p1"), task_.id, task_.claim_fence, Says("再看"), Etag(report_));
    ASSERT_THAT(saved.status(), IsOk());
    report_ = *saved;
  }
  void Sign(const std::string& person) {
    const auto report = reports_->Sign(By(person), report_.id, task_.claim_fence, Etag(report_), "");
    ASSERT_THAT(report.status(), IsOk());
    report_ = *report;
  }
  void ExpectReopened(const std::string& note) {
    EXPECT_EQ(report_.state, ReportState::kFinal);
    const Task task = TaskOf("o1");
    EXPECT_EQ(Name(task.state), "REOPENED");
    EXPECT_EQ(task.note, note);
    EXPECT_EQ(task.claimed_by, "");
  }

  imaging::v1::Study study_;
  Task task_;
  Report report_;
};

TEST_F(LateImagesTest, ReopensWhenImagesCameWhileItWasWritten) {
  Write(1);
  Arrived(3);
  Sign("p1");
  ExpectReopened("2 images came after the report was written");
  ASSERT_THAT(tasks_->Claim(By("p1"), task_.id).status(), IsOk());
  ASSERT_THAT(
      reports_->Add(By("p1"), report_.id, Etag(report_), VersionKind::kAddendum, Says("补充"), "late images").status(),
      IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCompleted);
}

TEST_F(LateImagesTest, ReopensWhenImagesCameBeforeItsAuthorSignedFirst) {
  Write(2);
  Arrived(3);
  Sign("p1");
  EXPECT_EQ(TaskOf("o1").state, TaskState::kAwaitingApproval);
  Sign("p2");
  ExpectReopened("2 images came after the report was written");
}

TEST_F(LateImagesTest, ReopensWhenImagesCameWhileItAwaitedApproval) {
  Write(2);
  Sign("p1");
  Arrived(2);
  Sign("p2");
  ExpectReopened("1 images came after the report was written");
}

TEST_F(LateImagesTest, ReopensWhenARejectedDraftIsSignedAsItWas) {
  Write(2);
  Sign("p1");
  Arrived(2);
  report_ = *reports_->Reject(By("p2"), report_.id, "look again");
  task_ = TaskOf("o1");
  Sign("p1");
  Sign("p2");
  ExpectReopened("1 images came after the report was written");
}

TEST_F(LateImagesTest, ReopensWhenImagesCameBeforeThePreliminaryReport) {
  Write(1);
  Arrived(3);
  report_ = *reports_->IssuePreliminary(By("p1"), report_.id, task_.claim_fence);
  EXPECT_EQ(TaskOf("o1").instances_read, -1);
  Sign("p1");
  ExpectReopened("2 images came after the report was written");
}

TEST_F(LateImagesTest, ReopensWhenAStudyCameWhileItWasWritten) {
  Write(1);
  imaging::v1::Study other = NewStudy("s2", {"o1"});
  ASSERT_THAT(Hear(other), IsOk());
  Sign("p1");
  ExpectReopened("the studies of the order have changed since the report was written");
}

TEST_F(LateImagesTest, CompletesWhatWasSavedOverThem) {
  Write(2);
  Arrived(3);
  Save();
  Sign("p1");
  Sign("p2");
  EXPECT_EQ(TaskOf("o1").state, TaskState::kCompleted);
  EXPECT_EQ(TaskOf("o1").instances_read, 3);
}

TEST_F(LateImagesTest, ReopensAnAmendmentThatAwaitedApproval) {
  Write(2);
  Sign("p1");
  Sign("p2");
  const auto amended = reports_->Add(By("p1"), report_.id, Etag(report_), VersionKind::kAmended, Says("结节"), "overlooked");
  ASSERT_THAT(amended.status(), IsOk());
  report_ = *amended;
  Arrived(2);
  Sign("p2");
  EXPECT_EQ(report_.state, ReportState::kAmended);
  EXPECT_EQ(TaskOf("o1").state, TaskState::kReopened);
}

TEST_F(LateImagesTest, ReopensAgainWhenMoreCameAfterTheClaimOfAReopenedOne) {
  Write(1);
  Arrived(2);
  Sign("p1");
  ASSERT_THAT(tasks_->Claim(By("p1"), task_.id).status(), IsOk());
  Arrived(3);
  const auto added =
      reports_->Add(By("p1"), report_.id, Etag(report_), VersionKind::kAddendum, Says("补充"), "late images");
  ASSERT_THAT(added.status(), IsOk());
  report_ = *added;
  ExpectReopened("1 images came after the report was written");
}

// An order takes the reopening of what it knows to be signed, and no other.
TEST_F(LateImagesTest, TellsOfTheReportBeforeItReopens) {
  Write(1);
  Arrived(3);
  const size_t before = Events().size();
  Sign("p1");
  const std::vector<Told> told = Events();
  ASSERT_THAT(told, SizeIs(before + 3));
  events::v1::TaskChanged completed;
  ASSERT_TRUE(completed.ParseFromString(told[before].payload));
  EXPECT_EQ(completed.task().state(), v1::TASK_STATE_COMPLETED);
  EXPECT_EQ(told[before + 1].type, "tongjian.events.v1.ReportChanged");
  events::v1::TaskChanged reopened;
  ASSERT_TRUE(reopened.ParseFromString(told[before + 2].payload));
  EXPECT_EQ(reopened.task().state(), v1::TASK_STATE_REOPENED);
  EXPECT_GT(reopened.task().version(), completed.task().version());
}

TEST_F(EvidenceTest, ComesBackWhenTheClinicHasAnswered) {
  Task task = Queued("o1");
  task = *tasks_->Claim(By("p1"), task.id);
  task = *tasks_->Return(By("p1"), task.id, task.claim_fence, ReturnKind::kQuestion, "left or right?");
  EXPECT_EQ(task.state, TaskState::kReturned);
  orders::v1::Order order = NewOrder("o1");
  order.set_state(orders::v1::ORDER_STATE_CLAIMED);  // News from before the return.
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kReturned);
  order.set_state(orders::v1::ORDER_STATE_RETURNED_FOR_INFORMATION);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kReturned);
  order.set_state(orders::v1::ORDER_STATE_QUEUED);
  ASSERT_THAT(Hear(order), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kQueued);
}

TEST_F(EvidenceTest, QueuesAtTheCenterThatTakesOver) {
  Task task = Queued("o1");
  task = *tasks_->Claim(By("p1"), task.id);
  task = *tasks_->Return(By("p1"), task.id, task.claim_fence, ReturnKind::kEscalate, "beyond us");
  orders::v1::Order order = NewOrder("o1");
  order.set_state(orders::v1::ORDER_STATE_ESCALATED);
  order.mutable_routing()->set_center_id("city");
  order.mutable_routing()->set_performing_facility_id("city-hospital");
  ASSERT_THAT(Hear(order), IsOk());
  task = TaskOf("o1");
  EXPECT_EQ(task.state, TaskState::kQueued);
  EXPECT_TRUE(MayAuthor(task, "city-hospital"));
  EXPECT_FALSE(MayAuthor(task, "hub"));
}

// The HIS order that came later gets the same task, whichever service tells of it first.
class BindingTest : public ReadingRig, public testing::WithParamInterface<bool> {};

TEST_P(BindingTest, MovesTheSameTask) {
  orders::v1::Order provisional = NewOrder("p");
  provisional.set_origin(orders::v1::ORDER_ORIGIN_DEVICE);
  imaging::v1::Study study = NewStudy("s", {"p"});
  ASSERT_THAT(Hear(provisional), IsOk());
  ASSERT_THAT(Hear(study), IsOk());
  Task task = TaskOf("p");
  EXPECT_FALSE(task.identity_confirmed);
  const Report report = Drafted(task);
  orders::v1::Order his = NewOrder("h");
  ASSERT_THAT(Hear(his), IsOk());
  const auto bind = [&] {
    his.set_bound_order_id("p");
    provisional.set_bound_order_id("h");
    provisional.set_state(orders::v1::ORDER_STATE_CANCELLED);
    ASSERT_THAT(Hear(provisional), IsOk());
    ASSERT_THAT(Hear(his), IsOk());
  };
  const auto relink = [&] {
    study.set_order_ids(0, "h");
    ASSERT_THAT(Hear(study), IsOk());
  };
  if (GetParam()) {
    bind();
    ASSERT_THAT(Hear(study), IsOk());  // Imaging has not heard of it yet.
    relink();
  } else {
    relink();
    bind();
  }
  const Task moved = TaskOf("h");
  EXPECT_EQ(moved.id, task.id);
  EXPECT_EQ(moved.state, TaskState::kClaimed);
  EXPECT_TRUE(moved.identity_confirmed);
  EXPECT_THAT(moved.study_ids, ElementsAre("s"));
  EXPECT_EQ(TaskOf("p").state, TaskState::kNone);
  EXPECT_THAT(reports_->Get(security::Scope::Service(), report.id)->order_ids, ElementsAre("h"));
}
INSTANTIATE_TEST_SUITE_P(WhoTellsFirst, BindingTest, testing::Bool());

TEST_F(EvidenceTest, FollowsThePatientsLink) {
  orders::v1::Order order = NewOrder("o1");
  order.set_origin(orders::v1::ORDER_ORIGIN_DEVICE);
  imaging::v1::Study study = NewStudy("s1", {"o1"});
  ASSERT_THAT(Hear(order), IsOk());
  ASSERT_THAT(Hear(study), IsOk());
  const Patient words = TaskOf("o1").patient;
  const auto say = [&](const std::string& patient, bool verified) {
    ASSERT_THAT(database_->Write([&](store::Transaction& tx) {
      return evidence_.PatientNews(tx, words, {patient, verified});
    }),
                IsOk());
  };
  say("m1", false);
  EXPECT_EQ(TaskOf("o1").patient.patient_id, "m1");
  EXPECT_FALSE(TaskOf("o1").identity_confirmed);
  say("m2", true);
  ASSERT_THAT(Hear(order), IsOk());  // An order that has not heard of it takes nothing back.
  EXPECT_EQ(TaskOf("o1").patient.patient_id, "m2");
  EXPECT_TRUE(TaskOf("o1").identity_confirmed);
}

TEST_F(EvidenceTest, FollowsTheLinkOfOneOrderWithoutANumberAndLeavesItsNamesake) {
  for (const char* id : {"o1", "o2"}) {
    orders::v1::Order order = NewOrder(id);
    order.set_origin(orders::v1::ORDER_ORIGIN_DEVICE);
    order.mutable_patient()->clear_facility_patient_id();
    imaging::v1::Study study = NewStudy(std::string("s-") + id, {id});
    ASSERT_THAT(Hear(order), IsOk());
    ASSERT_THAT(Hear(study), IsOk());
  }
  events::v1::PatientChanged changed;
  changed.mutable_patient()->set_id("m1");
  changed.mutable_patient()->set_state(registry::v1::PATIENT_STATE_VERIFIED);
  changed.add_links()->set_order_id("o1");
  changed.add_links()->set_study_id("s-o1");
  const auto event = feed::ToWire(feed::MakeEvent("registry", "m1", {}, changed), "cursor");
  ASSERT_THAT(
      database_->Write([&](store::Transaction& tx) { return FollowRegistry(evidence_)(tx, event); }), IsOk());
  EXPECT_EQ(TaskOf("o1").patient.patient_id, "m1");
  EXPECT_TRUE(TaskOf("o1").identity_confirmed);
  EXPECT_EQ(TaskOf("o2").patient.patient_id, "");
  EXPECT_FALSE(TaskOf("o2").identity_confirmed);
}

TEST_F(EvidenceTest, GivesBackClaimsThatNobodyRenewed) {
  Task task = Queued("o1");
  ClaimWatch watch(*tasks_, clock_);
  ASSERT_THAT(watch.RunOnce(), IsOk());
  task = *tasks_->Claim(By("p1"), task.id);
  clock_.Advance(absl::Minutes(14));
  task = *tasks_->Renew(By("p1"), task.id, task.claim_fence);
  clock_.Advance(absl::Minutes(14));
  ASSERT_THAT(watch.RunOnce(), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kClaimed);
  clock_.Advance(absl::Minutes(1));
  ASSERT_THAT(watch.RunOnce(), IsOk());
  EXPECT_EQ(TaskOf("o1").state, TaskState::kQueued);
  EXPECT_EQ(tasks_->Claim(By("p2"), task.id)->claim_fence, 2);
  EXPECT_THAT(reports_->SaveDraft(By("p1"), task.id, 1, Says("x"), "").status(), HasReason("CLAIMED_BY_OTHER"));
}

TEST_F(EvidenceTest, TakesNoClaimAwayWhenTheClockJumps) {
  Task task = Queued("o1");
  ClaimWatch watch(*tasks_, clock_);
  ASSERT_THAT(watch.RunOnce(), IsOk());
  task = *tasks_->Claim(By("p1"), task.id);
  clock_.JumpTo(clock_.Now() + absl::Hours(8));
  ASSERT_THAT(watch.RunOnce(), IsOk());
  ASSERT_THAT(watch.RunOnce(), IsOk());
  EXPECT_THAT(tasks_->Renew(By("p1"), task.id, task.claim_fence).status(), IsOk());
}

TEST_F(EvidenceTest, ListsByUrgencyThenDeadlineWithinTheScope) {
  for (const auto& [id, priority, minutes] : {std::tuple{"o1", 1, 30}, {"o2", 1, 10}, {"o3", 3, 60}, {"o4", 1, 20}}) {
    orders::v1::Order order = NewOrder(id);
    order.set_priority(static_cast<common::v1::Priority>(priority));
    order.mutable_deadline()->set_seconds(absl::ToUnixSeconds(clock_.Now()) + minutes * 60);
    if (std::string(id) == "o4") order.mutable_routing()->set_performing_facility_id("elsewhere");
    imaging::v1::Study study = NewStudy(std::string("s") + id, {id});
    ASSERT_THAT(Hear(order), IsOk());
    ASSERT_THAT(Hear(study), IsOk());
  }
  const auto list = [&](const std::string& facility, const std::optional<TaskKey>& after, int64_t limit) {
    std::vector<std::string> ids;
    const TaskFilter filter = {.states = {TaskState::kQueued}, .modality = "DX"};
    const auto tasks = tasks_->List(security::Scope::Facilities({facility}), filter, after, limit);
    EXPECT_THAT(tasks.status(), IsOk());
    for (const Task& task : *tasks) ids.push_back(task.order_id);
    return ids;
  };
  EXPECT_THAT(list("hub", std::nullopt, 10), ElementsAre("o3", "o2", "o1"));
  EXPECT_THAT(list("f1", std::nullopt, 10), ElementsAre("o3", "o2", "o4", "o1"));
  EXPECT_THAT(list("hub", KeyOf(TaskOf("o3")), 1), ElementsAre("o2"));
  EXPECT_THAT(list("f2", std::nullopt, 10), ElementsAre());
}

}  // namespace
}  // namespace tongjian::reading
