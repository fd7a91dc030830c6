// Orders as devices read them, and what a query narrows down to.
#include "common/dicom/worklist_item.h"

#include <gtest/gtest.h>

#include "common/dicom/match.h"
#include "common/dicom/person_name.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

WorklistItem Chest() {
  return {.accession_number = "JINHUA000000042",
          .study_instance_uid = "2.25.42",
          .requested_procedure_id = "1",
          .scheduled_step_id = "1",
          .description = "胸部正位",
          .code = "DX-CHEST-PA",
          .code_system = "99TJ",
          .modality = "DX",
          .scheduled_date = "20261122",
          .scheduled_time = "093000",
          .priority = "ROUTINE",
          .patient_id = "P1",
          .patient_name = "王小明",
          .patient_name_latin = "WANG XIAOMING",
          .patient_birth_date = "1960-02-03",
          .patient_sex = "M"};
}

TEST(WorklistDataset, HasWhatADeviceCopiesIntoItsImages) {
  const Dataset dataset = WorklistDataset(Chest());
  EXPECT_EQ(dataset.Text(tags::kAccessionNumber), "JINHUA000000042");
  EXPECT_EQ(dataset.Text(tags::kStudyInstanceUid), "2.25.42");
  EXPECT_EQ(dataset.Text(tags::kPatientName), "WANG XIAOMING=王小明");
  EXPECT_EQ(dataset.Text(tags::kPatientBirthDate), "19600203");
  const std::vector<Dataset>& steps = dataset.Items(tags::kScheduledProcedureStepSequence);
  ASSERT_EQ(steps.size(), 1u);
  EXPECT_EQ(steps[0].Text(tags::kModality), "DX");
  EXPECT_EQ(steps[0].Text(tags::kScheduledProcedureStepStartDate), "20261122");
}

TEST(WorklistDataset, CutsWhatADeviceWouldRefuseAtACharactersEnd) {
  WorklistItem item = Chest();
  item.description.clear();
  for (int i = 0; i < 70; ++i) item.description += "胸";
  item.patient_name = "A\\B=C";
  item.patient_name_latin.clear();
  const Dataset dataset = WorklistDataset(item);
  EXPECT_EQ(dataset.Text(tags::kRequestedProcedureDescription).size(), 64u * 3);
  EXPECT_EQ(dataset.Text(tags::kPatientName), "A/B C");
}

TEST(WorklistDataset, IsFoundByEitherFormOfTheName) {
  const Dataset dataset = WorklistDataset(Chest());
  for (const char* name : {"wang*", "王*", "王小明", "WANG^XIAOMING"}) {
    Dataset query;
    query.Set(tags::kPatientName, name);
    EXPECT_TRUE(Matches(query, dataset)) << name;
  }
  Dataset other;
  other.Set(tags::kPatientName, "LI*");
  EXPECT_FALSE(Matches(other, dataset));
}

TEST(WorklistDataset, IsEncodedInGb18030) {
  const auto bytes =
      WriteDataset(WorklistDataset(Chest()), uids::kExplicitLittleEndian, CharacterSet("GB18030"));
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const auto read = ReadDataset(*bytes, uids::kExplicitLittleEndian);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->charset.label(), "GB18030");
  EXPECT_EQ(read->dataset.Text(tags::kPatientName), "WANG XIAOMING=王小明");
}

TEST(WorklistKeys, LeaveOutWhatNoIndexCanAnswer) {
  Dataset step;
  step.Set(tags::kModality, "D*");
  step.Set(tags::kScheduledProcedureStepStartDate, "20261101-20261130");
  Dataset query;
  query.Set(tags::kPatientName, "WANG^X*");
  query.Set(tags::kAccessionNumber, "JINHUA000000042 ");
  query.SetItems(tags::kScheduledProcedureStepSequence, {step});
  const WorklistKeys keys = KeysOf(query);
  EXPECT_EQ(keys.modality, "");
  EXPECT_EQ(keys.date_from, "20261101");
  EXPECT_EQ(keys.date_to, "20261130");
  EXPECT_EQ(keys.accession_number, "JINHUA000000042");
  EXPECT_EQ(keys.name_prefix, SearchKey("WANG^X"));
  EXPECT_EQ(keys.name_pattern, SearchKey("WANG^X*"));
}

// A query for steps between two dates and two times.
Dataset Between(const std::string& dates, const std::string& times) {
  Dataset step;
  step.Set(tags::kScheduledProcedureStepStartDate, dates);
  step.Set(tags::kScheduledProcedureStepStartTime, times);
  Dataset query;
  query.SetItems(tags::kScheduledProcedureStepSequence, {step});
  return query;
}

TEST(MatchesWorklist, TakesARangeOfDatesAndOneOfTimesForOnePeriod) {
  const Dataset item = WorklistDataset(Chest());  // 2026-11-22 09:30.
  EXPECT_TRUE(MatchesWorklist(Between("20261121-20261123", "100000-080000"), item));
  EXPECT_TRUE(MatchesWorklist(Between("20261122-20261122", "0930-0930"), item));
  EXPECT_FALSE(MatchesWorklist(Between("20261122-20261123", "100000-180000"), item));
  EXPECT_FALSE(MatchesWorklist(Between("20261121-20261122", "000000-090000"), item));
  EXPECT_TRUE(MatchesWorklist(Between("-20261122", "-0930"), item));
  EXPECT_FALSE(MatchesWorklist(Between("20261122-", "1000-"), item));
  // A single date beside a range of times is each for itself.
  EXPECT_FALSE(MatchesWorklist(Between("20261122", "100000-180000"), item));
  EXPECT_TRUE(MatchesWorklist(Between("20261122", "090000-100000"), item));
}

TEST(WorklistDataset, AnswersAKeyItCannotFillWithNothingInIt) {
  Dataset query;
  for (const Tag tag : {Tag{0x00101030}, Tag{0x00380500}, Tag{0x00402016}, Tag{0x00321064}})
    query.SetElement(tag, {.vr = std::string(VrOf(tag))});
  WorklistItem chest = Chest();
  chest.placer_order_number = "HIS-7";
  const Dataset answer = Project(query, WorklistDataset(chest));
  EXPECT_EQ(answer.elements().size(), 4u);
  EXPECT_TRUE(answer.Has(0x00101030) && answer.Text(0x00101030).empty());
  EXPECT_EQ(answer.Text(0x00402016), "HIS-7");
  EXPECT_EQ(answer.Items(0x00321064).size(), 1u);
}

}  // namespace
}  // namespace tongjian::dicom
