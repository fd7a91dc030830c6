#include "services/registry/account.h"

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <vector>

#include "services/registry/enrollment.h"
#include "services/registry/facility.h"

namespace tongjian::registry {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'717'200'000);

Account Doctor() {
  Account account;
  account.user_name = "wang.fang";
  account.facility_id = "clinic";
  account.roles = {"clinic_doctor"};
  account.active = true;
  return account;
}

TEST(Account, LocksAtTheFifthFailureForFifteenMinutes) {
  const LockRule rule;
  Account account = Doctor();
  for (int i = 0; i < 4; ++i) CountFailure(rule, kNow, &account);
  EXPECT_FALSE(IsLocked(account, kNow));
  CountFailure(rule, kNow, &account);
  EXPECT_TRUE(IsLocked(account, kNow));
  EXPECT_TRUE(IsLocked(account, kNow + absl::Minutes(15) - absl::Microseconds(1)));
  EXPECT_FALSE(IsLocked(account, kNow + absl::Minutes(15)));
  EXPECT_FALSE(IsLocked(account, kNow - absl::Hours(24 * 365)));  // The clock was set back.
}

TEST(Account, IsNotLockedLongerByTryingOn) {
  const LockRule rule;
  Account account = Doctor();
  for (int i = 0; i < 50; ++i) CountFailure(rule, kNow, &account);
  EXPECT_EQ(account.locked_until, kNow + absl::Minutes(15));
}

TEST(Account, ForgetsFailuresAfterASuccess) {
  const LockRule rule;
  Account account = Doctor();
  for (int i = 0; i < 4; ++i) CountFailure(rule, kNow, &account);
  CountSuccess(&account);
  for (int i = 0; i < 4; ++i) CountFailure(rule, kNow, &account);
  EXPECT_FALSE(IsLocked(account, kNow));
}

TEST(Account, KeepsItsThreeDesksApart) {
  Account account = Doctor();
  EXPECT_TRUE(CheckAccount(account).ok());
  account.roles = {"clinic_doctor", "reader"};
  EXPECT_TRUE(CheckAccount(account).ok());
  for (const auto& pair : {std::vector<std::string>{"operator", "auditor"},
                           {"operator", "reader"},
                           {"auditor", "bureau"}}) {
    account.roles = pair;
    EXPECT_FALSE(CheckAccount(account).ok()) << pair[0] << "+" << pair[1];
  }
}

TEST(Account, HasNoRoleOfMachinesOrServices) {
  Account account = Doctor();
  for (const char* role : {"service", "machine:hub", "root", ""}) {
    account.roles = {role};
    EXPECT_FALSE(CheckAccount(account).ok()) << role;
  }
  account.roles = {};
  EXPECT_FALSE(CheckAccount(account).ok());
}

TEST(EnrollmentCode, IsForgivingToTypeAndHardToGuess) {
  const std::string code = NewEnrollmentCode();
  EXPECT_EQ(code.size(), 19u);
  EXPECT_NE(code, NewEnrollmentCode());
  std::string typed = "  " + code;
  for (char& c : typed) c = static_cast<char>(std::toupper(c));
  std::erase(typed, '-');
  EXPECT_EQ(HashEnrollmentCode(typed), HashEnrollmentCode(code));
  EXPECT_EQ(HashEnrollmentCode("o0il"), HashEnrollmentCode("0011"));
  EXPECT_NE(HashEnrollmentCode(NewEnrollmentCode()), HashEnrollmentCode(code));
}

TEST(EnrollmentCode, ServesOneRequestUntilItExpires) {
  EnrollmentCode code{"hash", "clinic", "gateway", kNow + absl::Hours(1), ""};
  EXPECT_TRUE(CheckUse(code, "request", kNow).ok());
  EXPECT_FALSE(CheckUse(code, "request", kNow + absl::Hours(1)).ok());
  code.used_by = "request";
  EXPECT_TRUE(CheckUse(code, "request", kNow).ok());
  EXPECT_FALSE(CheckUse(code, "other", kNow).ok());
}

TEST(Facility, KeepsItsFormerNames) {
  auto names = Renamed({}, "", "婺城区第一医院", "2020-01-01");
  names = Renamed(names, "婺城区第一医院", "婺城区第一人民医院", "2024-06-01");
  ASSERT_EQ(names.size(), 2u);
  EXPECT_EQ(NameOn(names, "2024-05-31"), "婺城区第一医院");
  EXPECT_EQ(NameOn(names, "2024-06-01"), "婺城区第一人民医院");
  EXPECT_EQ(Renamed(names, "婺城区第一人民医院", "婺城区第一人民医院", "2024-07-01"), names);
}

TEST(Facility, IsOnlyWarnedOfItsNumbers) {
  EXPECT_TRUE(NumberWarnings("", "").empty());
  EXPECT_EQ(NumberWarnings("12371002494460815M", "").size(), 1u);
  EXPECT_EQ(NumberWarnings("91350100M000100Y43", "123").size(), 1u);
}

TEST(Community, IsWarnedOfAnUnfitLeadAndAFourthInTheCounty) {
  EXPECT_TRUE(CommunityWarnings({"A100", "5", false}, 3).empty());
  EXPECT_TRUE(CommunityWarnings({"A210", "2", false}, 1).empty());
  EXPECT_EQ(CommunityWarnings({"A100", "6", false}, 1).size(), 1u);
  EXPECT_EQ(CommunityWarnings({"A100", "5", true}, 1).size(), 1u);
  EXPECT_EQ(CommunityWarnings({"C210", "5", false}, 1).size(), 1u);
  EXPECT_EQ(CommunityWarnings({"A100", "5", false}, 4).size(), 1u);
}

}  // namespace
}  // namespace tongjian::registry
