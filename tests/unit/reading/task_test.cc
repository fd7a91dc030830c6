#include "services/reading/task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "services/reading/report.h"
#include "tongjian/reading/v1/report.pb.h"
#include "tongjian/reading/v1/task.pb.h"

namespace tongjian::reading {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'770'000'000);

Task At(TaskState state) {
  Task task;
  task.id = "t1";
  task.state = state;
  task.requesting_facility_id = "f1";
  task.performing_facility_id = "hub";
  return task;
}

Reader Hub(const std::string& practitioner) { return {"u", practitioner, "", "hub"}; }

TEST(TaskTable, IsTheReadmes) {
  std::ifstream file(std::string(TONGJIAN_SOURCE) + "/services/reading/README.md");
  std::set<std::string> written;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("| `", 0) == 0 && line[3] >= 'A' && line[3] <= 'Z') written.insert(line);
  }
  std::set<std::string> expected;
  for (const TaskRow& row : TaskTable()) {
    std::ostringstream line;
    line << "| `" << Name(row.from) << "` | " << Name(row.action) << " | " << Name(row.to) << " |";
    expected.insert(line.str());
  }
  EXPECT_EQ(written, expected);
}

TEST(TaskTable, HasTheContractsNumbers) {
  for (int state = 1; state <= kTaskStates; ++state) {
    EXPECT_EQ(v1::TaskState_Name(state), "TASK_STATE_" + std::string(Name(static_cast<TaskState>(state))));
  }
  EXPECT_FALSE(v1::TaskState_IsValid(kTaskStates + 1));
  for (int state = 1; state <= kReportStates; ++state) {
    EXPECT_EQ(v1::ReportState_Name(state), "REPORT_STATE_" + std::string(Name(static_cast<ReportState>(state))));
  }
  EXPECT_FALSE(v1::ReportState_IsValid(kReportStates + 1));
}

TEST(Move, RefusesWhatTheTableDoesNotName) {
  for (int state = 1; state <= kTaskStates; ++state) {
    for (int action = 0; action <= static_cast<int>(TaskAction::kCancel); ++action) {
      Task task = At(static_cast<TaskState>(state));
      const bool allowed = Allows(task.state, static_cast<TaskAction>(action));
      const absl::Status moved = Move(task, static_cast<TaskAction>(action));
      EXPECT_EQ(moved.ok(), allowed);
      EXPECT_EQ(base::DetailOf(moved).reason, allowed ? "" : "STATE_NOT_ALLOWED");
    }
  }
}

TEST(TaskKey, PutsTheMostUrgentFirstThenWhatIsDueFirst) {
  Task routine = At(TaskState::kQueued);
  routine.priority = Priority::kRoutine;
  routine.deadline = kNow;
  Task later = routine;
  later.deadline = kNow + absl::Hours(1);
  Task stat = later;
  stat.priority = Priority::kStat;
  Task endless = routine;
  endless.deadline = absl::InfinitePast();
  EXPECT_LT(KeyOf(stat), KeyOf(routine));
  EXPECT_LT(KeyOf(routine), KeyOf(later));
  EXPECT_LT(KeyOf(later), KeyOf(endless));
}

TEST(Claim, IsOnesUntilItsLeaseEnds) {
  Task task = At(TaskState::kQueued);
  ASSERT_TRUE(Claim(task, Hub("p1"), kNow, absl::Minutes(15)).ok());
  EXPECT_EQ(task.claim_fence, 1);
  EXPECT_EQ(base::DetailOf(Claim(task, Hub("p2"), kNow, absl::Minutes(15))).reason, "CLAIMED_BY_OTHER");
  EXPECT_TRUE(CheckClaim(task, Hub("p1"), 1, kNow + absl::Minutes(14)).ok());
  EXPECT_EQ(base::DetailOf(CheckClaim(task, Hub("p1"), 1, kNow + absl::Minutes(15))).reason, "CLAIM_EXPIRED");
  ASSERT_TRUE(Claim(task, Hub("p2"), kNow + absl::Minutes(15), absl::Minutes(15)).ok());
  EXPECT_EQ(task.claim_fence, 2);
  EXPECT_EQ(base::DetailOf(CheckClaim(task, Hub("p1"), 1, kNow + absl::Minutes(16))).reason, "CLAIMED_BY_OTHER");
}

TEST(Claim, OfAnOldWindowNoLongerHolds) {
  Task task = At(TaskState::kQueued);
  ASSERT_TRUE(Claim(task, Hub("p1"), kNow, absl::Minutes(15)).ok());
  ASSERT_TRUE(Claim(task, Hub("p1"), kNow, absl::Minutes(15)).ok());
  EXPECT_EQ(base::DetailOf(CheckClaim(task, Hub("p1"), 1, kNow)).reason, "CLAIM_EXPIRED");
  EXPECT_TRUE(CheckClaim(task, Hub("p1"), 2, kNow).ok());
}

TEST(ReadingMode, SaysWhoReads) {
  Task task = At(TaskState::kQueued);
  EXPECT_TRUE(MayAuthor(task, "hub"));
  EXPECT_FALSE(MayAuthor(task, "f1"));
  task.reading_mode = ReadingMode::kClinicDrafts;
  EXPECT_TRUE(MayAuthor(task, "f1"));
  EXPECT_FALSE(MayAuthor(task, "hub"));
  EXPECT_TRUE(MayApprove(task, "hub"));
  EXPECT_FALSE(MayApprove(task, "f1"));
  task.reading_mode = ReadingMode::kClinicSigns;
  EXPECT_TRUE(MayApprove(task, "f1"));
  task.performing_facility_id.clear();
  EXPECT_FALSE(MayApprove(task, ""));
}

TEST(Return, OfAClinicThatSignsItselfAsksTheHub) {
  Task task = At(TaskState::kQueued);
  task.reading_mode = ReadingMode::kClinicSigns;
  ASSERT_TRUE(Claim(task, {"u", "p9", "", "f1"}, kNow, absl::Minutes(15)).ok());
  ASSERT_TRUE(Return(task, ReturnKind::kEscalate, "doubt").ok());
  EXPECT_EQ(task.state, TaskState::kQueued);
  EXPECT_TRUE(MayAuthor(task, "hub"));
  EXPECT_FALSE(MayAuthor(task, "f1"));
}

}  // namespace
}  // namespace tongjian::reading
