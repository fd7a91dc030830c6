#include "services/registry/identifiers.h"

#include <gtest/gtest.h>

#include <string>

#include "services/registry/days.h"

namespace tongjian::registry {
namespace {

TEST(ResidentNumber, OfTheStandardsVectorIsRead) {
  const auto read = ReadResidentNumber("34052419800101001X");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->birth_date, "1980-01-01");
  EXPECT_TRUE(read->male);
  EXPECT_TRUE(ReadResidentNumber("34052419800101001x").has_value());
}

TEST(ResidentNumber, WithAnyOtherCheckCharacterIsRefused) {
  for (const char check : std::string("0123456789")) {
    EXPECT_FALSE(ReadResidentNumber(std::string("34052419800101001") + check).has_value()) << check;
  }
}

TEST(ResidentNumber, WithOneDigitChangedIsRefused) {
  const std::string number = "34052419800101001X";
  for (size_t i = 0; i < 17; ++i) {
    std::string changed = number;
    changed[i] = changed[i] == '9' ? '0' : static_cast<char>(changed[i] + 1);
    EXPECT_FALSE(ReadResidentNumber(changed).has_value()) << i;
  }
}

TEST(ResidentNumber, OfADayThatDoesNotExistIsRefused) {
  // The check characters fit; the days are 31 February and month 13.
  for (const std::string body : {"34052419800231001", "34052419801301001"}) {
    int fitting = 0;
    for (const char check : std::string("0123456789X"))
      fitting += ReadResidentNumber(body + check).has_value();
    EXPECT_EQ(fitting, 0) << body;
  }
}

TEST(ResidentNumber, OfAnotherLengthOrWithLettersIsRefused) {
  for (const char* number :
       {"", "3405241980010100", "34052419800101001XX", "3405241980010100AX", "三四零五二四"}) {
    EXPECT_FALSE(ReadResidentNumber(number).has_value()) << number;
  }
}

TEST(CreditCode, KeepsToGb32100) {
  EXPECT_TRUE(IsCreditCode("91350100M000100Y43"));
  EXPECT_FALSE(IsCreditCode("91350100M000100Y44"));
  EXPECT_FALSE(IsCreditCode("91350100M000100Y4"));
  EXPECT_FALSE(IsCreditCode("91350100I000100Y43"));  // I is no letter of the alphabet.
  // Printed by a real township centre (domain/rules.md 2.4), and wrong: only a warning may come of
  // it.
  EXPECT_FALSE(IsCreditCode("12371002494460815M"));
  EXPECT_TRUE(IsCreditCode("12371002494460815J"));
}

TEST(RecordId, IsPlainAndShort) {
  EXPECT_TRUE(IsRecordId("fac-bailongqiao"));
  EXPECT_TRUE(IsRecordId(std::string(64, 'a')));
  for (const std::string id : {"", "-a", "a-", "A", "a_b", "a/b", "../a", "a b", "机构"})
    EXPECT_FALSE(IsRecordId(id)) << id;
  EXPECT_FALSE(IsRecordId(std::string(65, 'a')));
}

TEST(AeTitle, IsSixteenPrintableCharacters) {
  EXPECT_TRUE(IsAeTitle("BLQ_DR1"));
  EXPECT_TRUE(IsAeTitle("DR 1"));
  EXPECT_TRUE(IsAeTitle(std::string(16, 'X')));
  for (const std::string title : {"", " A", "A ", "A\\B", "A\nB", "影像"})
    EXPECT_FALSE(IsAeTitle(title)) << title;
  EXPECT_FALSE(IsAeTitle(std::string(17, 'X')));
}

TEST(Day, ExistsInTheCalendar) {
  EXPECT_TRUE(IsDay("2024-02-29"));
  for (const char* day : {"2023-02-29", "2024-13-01", "2024-00-10", "2024-1-1", "20240101",
                          "2024-01-01 ", "1700-01-01", "+024-01-01", ""}) {
    EXPECT_FALSE(IsDay(day)) << day;
  }
}

TEST(Day, IsThatOfChina) {
  EXPECT_EQ(DayOf(absl::FromUnixSeconds(0)), "1970-01-01");
  EXPECT_EQ(DayOf(absl::FromUnixSeconds(16 * 3600)), "1970-01-02");
}

TEST(Span, HoldsItsEndsAndOpenOnes) {
  EXPECT_TRUE(Covers("2024-01-01", "2024-01-31", "2024-01-01"));
  EXPECT_TRUE(Covers("2024-01-01", "2024-01-31", "2024-01-31"));
  EXPECT_FALSE(Covers("2024-01-01", "2024-01-31", "2024-02-01"));
  EXPECT_TRUE(Covers("", "", "2024-02-01"));
  EXPECT_TRUE(CheckSpan("2024-01-01", "", "x").ok());
  EXPECT_FALSE(CheckSpan("2024-01-02", "2024-01-01", "x").ok());
}

}  // namespace
}  // namespace tongjian::registry
