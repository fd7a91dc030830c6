#include "services/registry/matching.h"

#include <gtest/gtest.h>

namespace tongjian::registry {
namespace {

TEST(CompareNames, FoldsBothSides) {
  EXPECT_EQ(CompareNames({"张 三", "", ""}, {"张三", "", ""}), Fit::kAgrees);
  EXPECT_EQ(CompareNames({"张三", "", ""}, {"张四", "", ""}), Fit::kContradicts);
}

TEST(CompareNames, KnowsLatinNamesInAnyOrder) {
  EXPECT_EQ(CompareNames({"ZHANG^SAN", "", ""}, {"San Zhang", "", ""}), Fit::kAgrees);
  EXPECT_EQ(CompareNames({"ZHANG^SAN", "", ""}, {"Li Si", "", ""}), Fit::kContradicts);
  EXPECT_EQ(CompareNames({"张三", "Zhang San", ""}, {"ZHANG^SAN", "", ""}), Fit::kAgrees);
}

TEST(CompareNames, CannotCompareScriptsWithoutACommonWriting) {
  EXPECT_EQ(CompareNames({"张三", "", ""}, {"ZHANG^SAN", "", ""}), Fit::kUnknown);
  EXPECT_EQ(CompareNames({"张三", "", ""}, {"", "", ""}), Fit::kUnknown);
}

TEST(CompareNames, LetsTheOwnScriptDecide) {
  // One pinyin stands for many names.
  EXPECT_EQ(CompareNames({"张三", "Zhang San", ""}, {"章叁", "Zhang San", ""}), Fit::kContradicts);
}

TEST(ComparePersons, ContradictsWhenOneOfTheTwoDoes) {
  EXPECT_EQ(ComparePersons({"张三", "", "1980-01-01"}, {"张三", "", "1981-01-01"}),
            Fit::kContradicts);
  EXPECT_EQ(ComparePersons({"张三", "", "1980-01-01"}, {"李四", "", "1980-01-01"}),
            Fit::kContradicts);
  EXPECT_EQ(ComparePersons({"张三", "", "1980-01-01"}, {"张三", "", ""}), Fit::kAgrees);
  EXPECT_EQ(ComparePersons({"张三", "", "1980-01-01"}, {"ZHANG^SAN", "", "1980-01-01"}),
            Fit::kAgrees);
  EXPECT_EQ(ComparePersons({"张三", "", ""}, {"", "", "1980-01-01"}), Fit::kUnknown);
}

Candidate Named(const char* id, const char* name, bool verified = false) {
  return {id, {name, "", ""}, false, verified};
}
Candidate Unnamed(const char* id) { return {id, {"", "", ""}, true, false}; }
Candidate Blank(const char* id) { return {id, {"", "", ""}, false, false}; }

TEST(ChooseByNumber, TakesWhoAgrees) {
  EXPECT_EQ(ChooseByNumber({Named("a", "李四"), Named("b", "张三")}, {"张三", "", ""}), 1u);
  EXPECT_EQ(ChooseByNumber({Named("a", "张三"), Named("b", "张三", true)}, {"张三", "", ""}), 1u);
}

TEST(ChooseByNumber, NeverTakesAnotherPerson) {
  EXPECT_EQ(ChooseByNumber({Named("a", "李四")}, {"张三", "", ""}), std::nullopt);
}

TEST(ChooseByNumber, NeverLetsABareNumberReachANamedPatient) {
  EXPECT_EQ(ChooseByNumber({Named("a", "李四")}, {"", "", ""}), std::nullopt);
}

TEST(ChooseByNumber, NeverGivesABareNumbersEvidenceToAName) {
  EXPECT_EQ(ChooseByNumber({Blank("a")}, {"张三", "", ""}), std::nullopt);
}

TEST(ChooseByNumber, JoinsTwoBareNumbers) {
  EXPECT_EQ(ChooseByNumber({Blank("a")}, {"", "", ""}), 0u);
}

TEST(ChooseByNumber, NamesAnUnnamedEmergency) {
  EXPECT_EQ(ChooseByNumber({Unnamed("a")}, {"张三", "", ""}), 0u);
  EXPECT_EQ(ChooseByNumber({Unnamed("a"), Named("b", "张三")}, {"张三", "", ""}), 1u);
}

TEST(ChooseByDocument, NeedsNameAndBirthDate) {
  const Candidate holder{"a", {"张三", "", "1980-01-01"}, false, true};
  EXPECT_EQ(ChooseByDocument({holder}, {"张三", "", "1980-01-01"}), 0u);
  EXPECT_EQ(ChooseByDocument({holder}, {"张三", "", ""}), std::nullopt);
  EXPECT_EQ(ChooseByDocument({holder}, {"", "", "1980-01-01"}), std::nullopt);
  EXPECT_EQ(ChooseByDocument({holder}, {"李四", "", "1980-01-01"}), std::nullopt);
}

TEST(ChooseByDocument, RefusesToGuessBetweenTwo) {
  const Candidate one{"a", {"张三", "", "1980-01-01"}, false, true};
  const Candidate other{"b", {"张三", "", "1980-01-01"}, false, true};
  EXPECT_EQ(ChooseByDocument({one, other}, {"张三", "", "1980-01-01"}), std::nullopt);
  EXPECT_TRUE(ChooseByDocument({one, one}, {"张三", "", "1980-01-01"}).has_value());
}

}  // namespace
}  // namespace tongjian::registry
