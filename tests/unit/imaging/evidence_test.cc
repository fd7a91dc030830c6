#include "services/imaging/evidence.h"

#include <gtest/gtest.h>

#include "common/dicom/scan.h"
#include "services/imaging/object_scan.h"
#include "services/imaging/places.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;

absl::Time Utc(int year, int month, int day, int hour, int minute, int second = 0) {
  return absl::FromCivil(absl::CivilSecond(year, month, day, hour, minute, second),
                         absl::UTCTimeZone());
}

dicom::Header HeaderOf(const std::vector<std::pair<dicom::Tag, std::string>>& values) {
  dicom::Header header;
  for (const auto& [tag, value] : values) header.attributes.Set(tag, value);
  return header;
}

TEST(DeviceTimes, AreReadInTheirZone) {
  const auto time_of = [](std::vector<std::pair<dicom::Tag, std::string>> values) {
    return ReadEvidence(HeaderOf(values), {}).device_time;
  };
  EXPECT_EQ(time_of({{tags::kStudyDate, "20260105"}, {tags::kStudyTime, "083000.123"}}),
            Utc(2026, 1, 5, 0, 30));
  EXPECT_EQ(time_of({{tags::kStudyDate, "2026.01.05"}, {tags::kStudyTime, "08:30"}}),
            Utc(2026, 1, 5, 0, 30));
  EXPECT_EQ(time_of({{tags::kStudyDate, "20260105"},
                     {tags::kStudyTime, "083000"},
                     {tags::kTimezoneOffsetFromUtc, "+0000"}}),
            Utc(2026, 1, 5, 8, 30));
  EXPECT_EQ(time_of({{tags::kStudyDate, "20260105"},
                     {tags::kAcquisitionDateTime, "20260106120000.5+0900"}}),
            Utc(2026, 1, 6, 3, 0));
  EXPECT_EQ(time_of({{tags::kStudyDate, "20261305"}}), std::nullopt);
  EXPECT_EQ(time_of({{tags::kStudyDate, "20260230"}}), std::nullopt);
  EXPECT_EQ(time_of({{tags::kStudyDate, "yesterday"}}), std::nullopt);
  EXPECT_EQ(time_of({}), std::nullopt);
}

TEST(Words, AreCleanedAndCut) {
  const Evidence evidence =
      ReadEvidence(HeaderOf({{tags::kPatientName, std::string("A\x01\x00^B\r\n", 7)},
                             {tags::kPatientId, " 17 "},
                             {tags::kPatientBirthDate, "1980-01-31"},
                             {tags::kStudyDescription, std::string(300, 'x')},
                             {tags::kInstanceNumber, "99999999999"}}),
                   {});
  EXPECT_EQ(evidence.patient.name, "A B");
  EXPECT_EQ(evidence.patient.facility_patient_id, "17");
  EXPECT_EQ(evidence.patient.birth_date, "1980-01-31");
  EXPECT_EQ(evidence.study_description.size(), 256);
  EXPECT_EQ(evidence.instance.number, 2147483647);
}

TEST(Words, HoldNoBirthDateThatNobodyCanHave) {
  for (const char* date : {"00010101", "17991231", "99991231", "19800230", "1980", "unknown"}) {
    const Evidence evidence = ReadEvidence(HeaderOf({{tags::kPatientBirthDate, date}}), {});
    EXPECT_EQ(evidence.patient.birth_date, "") << date;
  }
}

TEST(Words, DoNotTurnTheDirectionOfWriting) {
  const Evidence evidence =
      ReadEvidence(HeaderOf({{tags::kPatientName, "Li^\u202ENa\u2066=李^娜\u200F"},
                             {tags::kStudyDescription, "a\u0085b\u2028c"}}),
                   {});
  EXPECT_EQ(evidence.patient.name, "李娜");
  EXPECT_EQ(evidence.patient.name_latin, "Li Na");
  EXPECT_EQ(evidence.study_description, "abc");
}

TEST(Words, AreCutBetweenCharacters) {
  std::string name;
  for (int i = 0; i < 100; ++i) name += "王";
  const Evidence evidence = ReadEvidence(HeaderOf({{tags::kPatientName, name}}), {});
  EXPECT_EQ(evidence.patient.name.size(), 126);
  EXPECT_TRUE(evidence.patient.name.ends_with("王"));
}

TEST(DatasetDigests, LeaveTheMetaHeaderOutHoweverItIsPushed) {
  const std::string head(128, '\0');
  const std::string short_meta =
      head + "DICM" + std::string("\x02\x00\x00\x00UL\x04\x00\x04\x00\x00\x00", 12) + "meta";
  const std::string long_meta =
      head + "DICM" + std::string("\x02\x00\x00\x00UL\x04\x00\x06\x00\x00\x00", 12) + "longer";
  const auto digest = [](const std::string& bytes, uint64_t offset, size_t piece) {
    DatasetDigest digest;
    for (size_t at = 0; at < bytes.size(); at += piece)
      digest.Update(std::string_view(bytes).substr(at, piece));
    return digest.FinishText(offset, "file");
  };
  const std::string expected = security::Sha256Text("the data set");
  for (const size_t piece : {1, 7, 144, 1000}) {
    EXPECT_EQ(digest(short_meta + "the data set", 148, piece), expected);
    EXPECT_EQ(digest(long_meta + "the data set", 150, piece), expected);
    EXPECT_EQ(digest("no meta header", 0, piece), security::Sha256Text("no meta header"));
    // A meta header that lies about its length must not make two files the same.
    EXPECT_EQ(digest(long_meta + "the data set", 160, piece), "file");
  }
}

TEST(Devices, AreRecognizedByTitleAndAddress) {
  Places places;
  places.SetDevice(
      {.id = "d1", .facility_id = "f1", .ae_title = "CT1", .address = "10.0.0.1", .active = true});
  places.SetDevice(
      {.id = "d2", .facility_id = "f2", .ae_title = "CT1", .address = "10.0.0.2", .active = true});
  places.SetDevice({.id = "d3", .facility_id = "f3", .ae_title = "DR1", .active = true});
  places.SetDevice(
      {.id = "d4", .facility_id = "f4", .ae_title = "OLD", .address = "10.0.0.9", .active = false});
  EXPECT_EQ(places.Recognize("CT1", "10.0.0.2", "")->id, "d2");
  EXPECT_FALSE(places.Recognize("CT1", "10.0.0.3", ""));
  EXPECT_FALSE(places.Recognize("CT1", "10.0.0.2", "f1"));
  EXPECT_EQ(places.Recognize("DR1", "10.9.9.9", "")->id, "d3");
  EXPECT_FALSE(places.Recognize("OLD", "10.0.0.9", ""));
  // A device that has moved is known by its new title alone.
  places.SetDevice({.id = "d3", .facility_id = "f3", .ae_title = "DR2", .active = true});
  EXPECT_FALSE(places.Recognize("DR1", "10.9.9.9", ""));
}

TEST(Facilities, AreFamilyUpAndDown) {
  Places places;
  places.SetFacility("county", "");
  places.SetFacility("township", "county");
  places.SetFacility("village", "township");
  places.SetFacility("other", "county");
  places.SetFacility("a", "b");
  places.SetFacility("b", "a");
  EXPECT_TRUE(places.Within("village", "county"));
  EXPECT_FALSE(places.Within("county", "village"));
  EXPECT_TRUE(places.SameFamily("township", "village"));
  EXPECT_FALSE(places.SameFamily("township", "other"));
  EXPECT_FALSE(places.Within("a", "c"));
}

}  // namespace
}  // namespace tongjian::imaging
