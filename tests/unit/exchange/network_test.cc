#include "services/exchange/network.h"

#include <gtest/gtest.h>

namespace tongjian::exchange {
namespace {

absl::Time Day(int month, int day) { return absl::FromCivil(absl::CivilDay(2026, month, day), absl::UTCTimeZone()); }

Facts Sample(bool tight) {
  Facts facts;
  facts.facilities["a"] = {"a", "甲", "330702", "7"};
  facts.facilities["b"] = {"b", "乙", "330703", "6"};
  facts.facilities["top"] = {"top", "丙", "330700", "2"};
  facts.communities["c"] = {"c", "金东", tight};
  facts.memberships.emplace("a", MembershipFact{"c", {{Day(1, 1), absl::InfiniteFuture()}}, {"R1"}});
  facts.memberships.emplace("b", MembershipFact{"c", {{Day(1, 1), absl::InfiniteFuture()}}, {"R1"}});
  return facts;
}

Sites AToB(absl::Time performed = Day(3, 1), absl::Time now = Day(3, 20)) {
  return {.asking_facility_id = "a",
          .performing_facility_id = "b",
          .recognition_code = "R1",
          .discipline = 1,
          .performed = performed,
          .now = now};
}

void SuspendB(Facts& facts, absl::Time from, absl::Time to) {
  auto& active = facts.memberships.find("b")->second.active;
  active = {{Day(1, 1), from}, {to, absl::InfiniteFuture()}};
}

TEST(Network, TightCommunityJoinsForEveryExam) {
  Sites sites = AToB();
  sites.recognition_code = "R9";
  const Standing standing = StandingOf(Sample(true), sites, false);
  EXPECT_TRUE(standing.in_community);
  EXPECT_FALSE(standing.membership_lapsed);
  EXPECT_EQ(standing.basis, "community 金东");
}

TEST(Network, LooseCommunityJoinsForAgreedExamsOnly) {
  EXPECT_TRUE(StandingOf(Sample(false), AToB(), false).in_community);
  Sites sites = AToB();
  sites.recognition_code = "R9";
  const Standing standing = StandingOf(Sample(false), sites, false);
  EXPECT_FALSE(standing.in_community);
  EXPECT_FALSE(standing.membership_lapsed);
}

TEST(Network, BothTimesCount) {
  Facts facts = Sample(true);
  SuspendB(facts, Day(3, 10), absl::InfiniteFuture());  // Between performing and decision, and still.
  EXPECT_FALSE(StandingOf(facts, AToB(), false).in_community);
  EXPECT_TRUE(StandingOf(facts, AToB(), false).membership_lapsed);
  facts = Sample(true);
  SuspendB(facts, Day(2, 20), Day(3, 10));  // When performing.
  EXPECT_TRUE(StandingOf(facts, AToB(), false).membership_lapsed);
  facts = Sample(true);
  SuspendB(facts, Day(3, 5), Day(3, 10));  // Over before the decision.
  EXPECT_TRUE(StandingOf(facts, AToB(), false).in_community);
}

TEST(Network, MarkReachesItsRegionsOnly) {
  Facts facts = Sample(true);
  facts.memberships.clear();
  facts.qualifications.emplace(
      "b", QualificationFact{.recognition_code = "R1", .discipline = 1, .region_codes = {"3301"}, .from = "2026-01-01"});
  EXPECT_TRUE(StandingOf(facts, AToB(), false).qualified);
  EXPECT_FALSE(StandingOf(facts, AToB(), false).mark_covers);
  facts.qualifications.begin()->second.region_codes = {"33"};
  EXPECT_TRUE(StandingOf(facts, AToB(), false).mark_covers);
}

TEST(Network, LapsedQualificationKeepsWhatWasBefore) {
  Facts facts = Sample(true);
  facts.memberships.clear();
  facts.qualifications.emplace("b", QualificationFact{.discipline = 1, .national = true, .from = "2026-01-01", .to = "2026-03-01"});
  EXPECT_TRUE(StandingOf(facts, AToB(Day(3, 1)), false).mark_covers);
  EXPECT_FALSE(StandingOf(facts, AToB(Day(3, 2)), false).qualified);
}

TEST(Network, SuspensionCountsWhenPerforming) {
  Facts facts = Sample(true);
  facts.qualifications.emplace("b", QualificationFact{.recognition_code = "R1", .suspended = true, .from = "2026-03-01"});
  EXPECT_TRUE(StandingOf(facts, AToB(Day(3, 1)), false).suspended);
  EXPECT_FALSE(StandingOf(facts, AToB(Day(2, 28)), false).suspended);
}

TEST(Network, LevelGateLooksUpwards) {
  Facts facts = Sample(true);
  Sites sites = AToB();
  EXPECT_TRUE(StandingOf(facts, sites, true).level_allows);
  sites.asking_facility_id = "top";
  EXPECT_FALSE(StandingOf(facts, sites, true).level_allows);
  EXPECT_TRUE(StandingOf(facts, sites, false).level_allows);
}

TEST(Prices, OwnBeforeTheRegionsAndByDay) {
  const ItemFact item = {.prices = {{"", 5000, "2025-01-01", "p1"}, {"a", 4000, "2026-01-01", "p2"}, {"a", 4500, "2026-04-01", "p3"}}};
  EXPECT_EQ(PriceOn(item, "a", Day(3, 1), absl::UTCTimeZone())->price_id, "p2");
  EXPECT_EQ(PriceOn(item, "a", Day(4, 1), absl::UTCTimeZone())->price_id, "p3");
  EXPECT_EQ(PriceOn(item, "b", Day(3, 1), absl::UTCTimeZone())->price_id, "p1");
}

}  // namespace
}  // namespace tongjian::exchange
