// What performed steps do to studies.
#include "services/imaging/steps.h"

#include "common/acquisition/step_store.h"
#include "tests/support/steps.h"
#include "tests/unit/imaging/archive.h"

namespace tongjian::imaging {
namespace {

using acquisition::PerformedStep;
using dicom::StepStatus;
using testing_steps::Begun;
using testing_steps::Ended;
using ::testing::SizeIs;

class StepsTest : public ::testing::Test {
 protected:
  // A device begins: N-CREATE.
  void Begin(const std::string& uid, const testing_steps::Exam& exam = {}) {
    PerformedStep step = {.facility_id = "f1",
                          .sop_instance_uid = uid,
                          .attributes = Begun(exam),
                          .device_ae_title = "DR1",
                          .version = 1};
    ASSERT_THAT(archive_.Write([&](store::Transaction& tx) -> absl::Status {
      step.created = step.updated = tx.Now();
      if (absl::Status s = acquisition::InsertStep(tx, step); !s.ok()) return s;
      return steps_.Changed(tx, step);
    }),
                IsOk());
  }
  // It ends: N-SET.
  void End(const std::string& uid, StepStatus status, const std::vector<std::string>& images,
           const std::string& reason = "") {
    ASSERT_THAT(archive_.Write([&](store::Transaction& tx) -> absl::Status {
      auto step = acquisition::FindStep(tx, "f1", uid);
      if (!step.ok()) return step.status();
      PerformedStep& found = **step;
      const auto next =
          dicom::ChangeStep(found.status, found.attributes, Ended(status, images, reason));
      if (!next.ok()) return next.status();
      found.status = *next;
      ++found.version;
      if (absl::Status s = acquisition::UpdateStep(tx, found); !s.ok()) return s;
      return steps_.Changed(tx, found);
    }),
                IsOk());
  }
  Study Only() {
    const std::vector<Study> studies = archive_.Studies();
    EXPECT_THAT(studies, SizeIs(1));
    return studies.empty() ? Study() : studies.front();
  }

  Archive archive_;
  const Steps steps_{QuietRules{absl::Seconds(60), absl::Minutes(15)}, TimeRules()};
};

TEST_F(StepsTest, AStudyIsCompleteWhenAllIsThereThatItsStepNames) {
  Begin("9.1");
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  ASSERT_TRUE(archive_.Put({.sop = "1.2"}).ok());
  EXPECT_EQ(Only().exam, ExamState::kInProgress);
  EXPECT_EQ(Only().state, StudyState::kReceiving);
  End("9.1", StepStatus::kCompleted, {"1.1", "1.2"});
  EXPECT_EQ(Only().exam, ExamState::kCompleted);
  EXPECT_EQ(Only().state, StudyState::kComplete);
}

TEST_F(StepsTest, WhatIsNamedAndHasNotComeIsAwaited) {
  Begin("9.1");
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  End("9.1", StepStatus::kCompleted, {"1.1", "1.2", "1.3"});
  EXPECT_EQ(Only().state, StudyState::kReceiving);
  EXPECT_EQ(Only().awaited, 2);
  ASSERT_TRUE(archive_.Put({.sop = "1.2"}).ok());
  EXPECT_EQ(Only().state, StudyState::kReceiving);
  ASSERT_TRUE(archive_.Put({.sop = "1.3"}).ok());
  EXPECT_EQ(Only().awaited, 0);
  EXPECT_EQ(Only().state, StudyState::kComplete);
  EXPECT_EQ(archive_.History(Only().id).back().by, "performed_step");
}

TEST_F(StepsTest, AStepBeforeTheFirstImageCountsToo) {
  Begin("9.1");
  End("9.1", StepStatus::kCompleted, {"1.1"});
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  EXPECT_EQ(Only().exam, ExamState::kCompleted);
  EXPECT_EQ(Only().state, StudyState::kComplete);
}

TEST_F(StepsTest, WhileTheExamGoesOnTheQuietTimeIsLong) {
  Begin("9.1");
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  EXPECT_EQ(Only().quiet_at, archive_.clock.Now() + absl::Minutes(15));
  End("9.1", StepStatus::kCompleted, {"1.1", "1.2"});
  EXPECT_EQ(Only().quiet_at, archive_.clock.Now() + absl::Seconds(60));
}

TEST_F(StepsTest, WhatWasBrokenOffIsToldToTheReader) {
  Begin("9.1");
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  End("9.1", StepStatus::kDiscontinued, {"1.1"}, "Equipment failure");
  EXPECT_EQ(Only().exam, ExamState::kDiscontinued);
  EXPECT_EQ(Only().exam_note, "Equipment failure");
  EXPECT_EQ(Only().state, StudyState::kComplete);
  // And again after the second try has succeeded.
  archive_.manual.Advance(absl::Minutes(1));
  Begin("9.2");
  End("9.2", StepStatus::kCompleted, {"1.1"});
  EXPECT_EQ(Only().exam, ExamState::kCompleted);
  EXPECT_EQ(Only().exam_note, "Equipment failure");
}

TEST_F(StepsTest, OfAnotherPatientChangesNothing) {
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}).ok());
  Begin("9.1", {.patient_id = "P2", .patient_name = "LI^SI"});
  EXPECT_EQ(Only().exam, ExamState::kNone);
}

TEST_F(StepsTest, OfAnotherFacilityChangesNothing) {
  ASSERT_TRUE(archive_.Put({.sop = "1.1"}, "f2").ok());
  Begin("9.1");
  EXPECT_EQ(Only().exam, ExamState::kNone);
}

}  // namespace
}  // namespace tongjian::imaging
