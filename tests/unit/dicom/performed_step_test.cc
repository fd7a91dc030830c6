// The states of a performed procedure step, and what it must say in each.
#include "common/dicom/performed_step.h"

#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/support/steps.h"

namespace tongjian::dicom {
namespace {

using testing_steps::Begun;
using testing_steps::Ended;

std::string ReasonOf(const absl::Status& status) { return base::DetailOf(status).reason; }

TEST(PerformedStep, BeginsInProgressAndInNoOtherState) {
  Dataset step = Begun({});
  EXPECT_TRUE(CheckNewStep(step).ok());
  for (const char* state : {"COMPLETED", "DISCONTINUED", "SCHEDULED"}) {
    step.Set(tags::kPerformedProcedureStepStatus, state);
    EXPECT_EQ(CheckNewStep(step).code(), absl::StatusCode::kInvalidArgument) << state;
  }
}

TEST(PerformedStep, NeedsEachAttributeOfTypeOneWithAValue) {
  for (const Tag tag :
       {tags::kScheduledStepAttributesSequence, tags::kPerformedProcedureStepId,
        tags::kPerformedStationAeTitle, tags::kPerformedProcedureStepStartDate,
        tags::kPerformedProcedureStepStartTime, tags::kPerformedProcedureStepStatus,
        tags::kModality}) {
    Dataset step = Begun({});
    if (VrOf(tag) == "SQ") {
      step.SetItems(tag, {});
    } else {
      step.Set(tag, " ");
    }
    EXPECT_EQ(ReasonOf(CheckNewStep(step)), kAttributeEmpty) << TagText(tag);
    step.Erase(tag);
    EXPECT_EQ(ReasonOf(CheckNewStep(step)), kAttributeMissing) << TagText(tag);
  }
}

TEST(PerformedStep, NeedNotNameItsPatient) {
  Dataset step = Begun({});
  for (const Tag tag : {tags::kPatientName, tags::kPatientId, tags::kPatientSex}) step.Erase(tag);
  EXPECT_TRUE(CheckNewStep(step).ok());
}

TEST(PerformedStep, EndsOnceAndThenStands) {
  for (const StepStatus end : {StepStatus::kCompleted, StepStatus::kDiscontinued}) {
    Dataset step = Begun({});
    const auto ended = ChangeStep(StepStatus::kInProgress, step, Ended(end, {"1.2.3"}));
    ASSERT_TRUE(ended.ok()) << ended.status();
    EXPECT_EQ(*ended, end);
    for (const StepStatus next : {StepStatus::kInProgress, StepStatus::kCompleted,
                                  StepStatus::kDiscontinued}) {
      const Dataset before = step;
      const auto again = ChangeStep(end, step, Ended(next, {"1.2.4"}));
      EXPECT_EQ(ReasonOf(again.status()), kStepIsFinal);
      EXPECT_EQ(step, before);
    }
  }
}

TEST(PerformedStep, IsCompletedWithItsTimesAndSeriesAlone) {
  for (const Tag tag : {tags::kPerformedProcedureStepEndDate, tags::kPerformedProcedureStepEndTime,
                        tags::kPerformedSeriesSequence}) {
    Dataset step = Begun({});
    Dataset end = Ended(StepStatus::kCompleted, {"1.2.3"});
    end.Erase(tag);
    const auto ended = ChangeStep(StepStatus::kInProgress, step, end);
    EXPECT_EQ(ended.status().code(), absl::StatusCode::kInvalidArgument) << TagText(tag);
    EXPECT_EQ(step, Begun({}));
  }
}

TEST(PerformedStep, MayBeDiscontinuedWithoutAnySeries) {
  Dataset step = Begun({});
  const auto ended = ChangeStep(StepStatus::kInProgress, step,
                                Ended(StepStatus::kDiscontinued, {}, "Patient refused"));
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(WordsOf(step).discontinuation_reason, "Patient refused");
}

TEST(PerformedStep, KeepsWhatIdentifiesIt) {
  Dataset step = Begun({.patient_id = "P1"});
  Dataset change;
  change.Set(tags::kPatientId, "P2");
  change.Set(tags::kPerformedProcedureStepDescription, "CHEST");
  ASSERT_TRUE(ChangeStep(StepStatus::kInProgress, step, change).ok());
  EXPECT_EQ(step.Text(tags::kPatientId), "P1");
  EXPECT_EQ(WordsOf(step).description, "CHEST");
}

TEST(PerformedStep, SurvivesItsEncoding) {
  const Dataset step = Begun({});
  const auto bytes = EncodeAttributes(step);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto read = DecodeAttributes(*bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->Text(tags::kPatientName), "WANG^XIAODONG=王^小东");
  EXPECT_EQ(WordsOf(*read).requests.front().study_instance_uid, "1.2.826.0.1");
  EXPECT_TRUE(CheckNewStep(*read).ok());
}

}  // namespace
}  // namespace tongjian::dicom
