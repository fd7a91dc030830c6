#include "common/dicom/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/dicom/match.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

Dataset Step(std::string_view modality, std::string_view date) {
  Dataset step;
  step.Set(tags::kModality, modality);
  step.Set(tags::kScheduledProcedureStepStartDate, date);
  step.Set(tags::kScheduledStationAeTitle, "CT_ONE");
  return step;
}

Dataset Worklist() {
  Dataset entry;
  entry.Set(tags::kPatientName, "WANG^XIAODONG=王^小东");
  entry.Set(tags::kPatientId, "P-001");
  entry.Set(tags::kStudyInstanceUid, "1.2.3");
  entry.Set(tags::kRows, "512");
  entry.SetValues(tags::kOtherPatientIds, {"A", "B"});
  entry.SetItems(tags::kScheduledProcedureStepSequence,
                 {Step("CT", "20260105"), Step("MR", "20260203")});
  return entry;
}

TEST(Dataset, SurvivesWritingAndReadingInEverySyntax) {
  for (const auto syntax :
       {uids::kImplicitLittleEndian, uids::kExplicitLittleEndian, uids::kExplicitBigEndian}) {
    for (const char* label : {"ISO_IR 192", "GB18030", "GBK"}) {
      const auto bytes = WriteDataset(Worklist(), syntax, CharacterSet(label));
      ASSERT_TRUE(bytes.ok()) << bytes.status();
      EXPECT_EQ(bytes->size() % 2, 0u);
      auto read = ReadDataset(*bytes, syntax);
      ASSERT_TRUE(read.ok()) << read.status();
      EXPECT_EQ(read->charset.label(), label);
      read->dataset.Erase(tags::kSpecificCharacterSet);
      EXPECT_EQ(read->dataset, Worklist()) << syntax << label;
    }
  }
}

TEST(Dataset, IsNotWrittenWithValuesThatDoNotFit) {
  Dataset dataset;
  dataset.Set(tags::kRows, "many");
  EXPECT_EQ(WriteDataset(dataset, uids::kExplicitLittleEndian, CharacterSet()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(Dataset, ReadsOnlyWithinItsLimits) {
  ReadLimits limits;
  limits.elements_max = 3;
  const auto bytes = WriteDataset(Worklist(), uids::kExplicitLittleEndian, CharacterSet());
  EXPECT_EQ(ReadDataset(*bytes, uids::kExplicitLittleEndian, limits).status().code(),
            absl::StatusCode::kResourceExhausted);
  limits = {};
  limits.bytes_max = 10;
  EXPECT_EQ(ReadDataset(*bytes, uids::kExplicitLittleEndian, limits).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(Wildcards, MatchRunsAndCharacters) {
  EXPECT_TRUE(MatchesWildcard("W*G", "WANG"));
  EXPECT_TRUE(MatchesWildcard("王?东", "王小东"));
  EXPECT_TRUE(MatchesWildcard("****", ""));
  EXPECT_FALSE(MatchesWildcard("W?G", "WANG"));
  EXPECT_FALSE(MatchesWildcard("WANG", "WANGS"));
  EXPECT_TRUE(MatchesWildcard("*a*a*a", "bababaXa"));
}

TEST(Ranges, AreOpenOrClosed) {
  EXPECT_EQ(ParseRange("20260101-20260131")->to, "20260131");
  EXPECT_EQ(ParseRange("-20260131")->from, "");
  EXPECT_EQ(ParseRange("2026.01.05")->from, "20260105");
  EXPECT_FALSE(ParseRange("-").has_value());
  EXPECT_FALSE(ParseRange("tomorrow").has_value());
}

bool MatchesOne(Tag tag, std::string_view key) {
  Dataset query;
  query.Set(tag, key);
  return Matches(query, Worklist());
}

TEST(Matching, FollowsTheRulesOfTheRepresentation) {
  EXPECT_TRUE(MatchesOne(tags::kPatientName, "wang*"));
  EXPECT_TRUE(MatchesOne(tags::kPatientName, "王*"));
  EXPECT_TRUE(MatchesOne(tags::kPatientName, "Wang Xiaodong"));
  EXPECT_FALSE(MatchesOne(tags::kPatientName, "李*"));
  EXPECT_TRUE(MatchesOne(tags::kPatientId, "P-001"));
  EXPECT_FALSE(MatchesOne(tags::kPatientId, "p-001"));
  EXPECT_TRUE(MatchesOne(tags::kPatientId, ""));
  EXPECT_TRUE(MatchesOne(tags::kAccessionNumber, "*"));
  EXPECT_FALSE(MatchesOne(tags::kAccessionNumber, "A1"));
  EXPECT_TRUE(MatchesOne(tags::kOtherPatientIds, "B"));
  Dataset query;
  query.SetValues(tags::kStudyInstanceUid, {"9.9", "1.2.3"});
  EXPECT_TRUE(Matches(query, Worklist()));
}

TEST(Matching, OfSequencesNeedsOneItemForAllKeys) {
  Dataset query;
  query.SetItems(tags::kScheduledProcedureStepSequence, {Step("CT", "20260101-20260131")});
  EXPECT_TRUE(Matches(query, Worklist()));
  query.SetItems(tags::kScheduledProcedureStepSequence, {Step("CT", "20260201-")});
  EXPECT_FALSE(Matches(query, Worklist()));
}

TEST(Times, CompareByTheirPrecision) {
  Dataset candidate;
  candidate.Set(tags::kStudyTime, "143015.123");
  Dataset query;
  query.Set(tags::kStudyTime, "1430-1430");
  EXPECT_TRUE(Matches(query, candidate));
  query.Set(tags::kStudyTime, "143016-");
  EXPECT_FALSE(Matches(query, candidate));
  query.Set(tags::kStudyTime, "14:00:00-15:00:00");
  EXPECT_TRUE(Matches(query, candidate));
}

TEST(Projection, AnswersWhatWasAsked) {
  Dataset query;
  query.Set(tags::kPatientId, "");
  query.Set(tags::kAccessionNumber, "");
  Dataset step;
  step.Set(tags::kModality, "");
  query.SetItems(tags::kScheduledProcedureStepSequence, {step});
  const Dataset response = Project(query, Worklist());
  EXPECT_EQ(response.elements().size(), 3u);
  EXPECT_TRUE(response.Has(tags::kAccessionNumber));
  EXPECT_EQ(response.Text(tags::kPatientId), "P-001");
  ASSERT_EQ(response.Items(tags::kScheduledProcedureStepSequence).size(), 2u);
  EXPECT_EQ(response.Items(tags::kScheduledProcedureStepSequence)[0].elements().size(), 1u);
}

TEST(AeTitles, AreValidOrRefused) {
  for (const char* good :
       {"MY-AE_1", "AE@HOST", "AE:1", "A", "ABCDEFGHIJKLMNOP", " PADDED  ", "MY AE"}) {
    EXPECT_TRUE(ValidAeTitle(good)) << good;
  }
  using std::string_view;
  for (const string_view bad :
       {string_view(""), string_view("   "), string_view("."), string_view(".."),
        string_view("../secret"), string_view("a/b"), string_view("a\\b"),
        string_view("ABCDEFGHIJKLMNOPQ"), string_view("A\0B", 3), string_view("A\tB"),
        string_view("A\xFF"), string_view("a;b"), string_view("a|b"), string_view("`id`"),
        string_view("$HOME"), string_view("a.b"), string_view("a\nb")}) {
    EXPECT_FALSE(ValidAeTitle(bad)) << bad;
  }
}

TEST(Uids, AreValidOrRefused) {
  for (const char* good : {"1", "1.2.840.10008.1.1", "1.02.3"}) EXPECT_TRUE(ValidUid(good)) << good;
  for (const char* bad :
       {"", ".", "..", "1..2", ".1", "1.", "1.2/3", "../1", "1.2 ", "1.a", "1\\2"}) {
    EXPECT_FALSE(ValidUid(bad)) << bad;
  }
  EXPECT_FALSE(ValidUid(std::string(65, '1')));
  EXPECT_TRUE(ValidUid(NewUid()));
  EXPECT_NE(NewUid(), NewUid());
  EXPECT_TRUE(IsStorageClass("1.2.840.10008.5.1.4.1.1.999.1"));
  EXPECT_TRUE(IsStorageClass("1.3.46.670589.2.3.1.1"));
  EXPECT_FALSE(IsStorageClass("1.2.840.10008.5.1.4.1.2.1.1"));
}

}  // namespace
}  // namespace tongjian::dicom
