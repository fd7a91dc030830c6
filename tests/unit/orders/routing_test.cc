// Where orders go and why.
#include "services/orders/routing.h"

#include <gtest/gtest.h>

#include "tests/unit/orders/sample_facts.h"

namespace tongjian::orders {
namespace {

const absl::Time kTuesdayNoon = At(2026, 11, 24, 12, 0);
const absl::Time kTuesdayNight = At(2026, 11, 24, 23, 30);

TEST(Routing, GoesToTheCenterOfTheCommunity) {
  const Routing routing = Route(ChestOrder(), SampleFacts(), {}, kTuesdayNoon);
  EXPECT_EQ(routing.center_id, "county-imaging");
  EXPECT_EQ(routing.performing_facility_id, "county");
  EXPECT_EQ(routing.community_id, "community");
  EXPECT_EQ(routing.reason, "serves community community");
}

TEST(Routing, TakesAVillageForAMemberThroughItsTownship) {
  EXPECT_EQ(Route(ChestOrder("village"), SampleFacts(), {}, kTuesdayNoon).center_id,
            "county-imaging");
}

TEST(Routing, GoesToTheFallbackAtNightAndSaysWhy) {
  const Routing routing = Route(ChestOrder(), SampleFacts(), {}, kTuesdayNight);
  EXPECT_EQ(routing.center_id, "night-imaging");
  EXPECT_EQ(routing.performing_facility_id, "specialist");
  EXPECT_NE(routing.reason.find("closed at 23:30"), std::string::npos) << routing.reason;
}

TEST(Routing, GoesToTheFallbackWhenOverloadedButNeverAnEmergency) {
  const Load load = {{"county-imaging", 10}};
  Order order = ChestOrder();
  EXPECT_EQ(Route(order, SampleFacts(), load, kTuesdayNoon).center_id, "night-imaging");
  order.priority = Priority::kStat;
  EXPECT_EQ(Route(order, SampleFacts(), load, kTuesdayNoon).center_id, "county-imaging");
}

TEST(Routing, GoesToTheFallbackWhenTheCenterCannotDoTheItem) {
  Facts facts = SampleFacts();
  facts.centers["county-imaging"].recognition_codes = {"RC-HAND"};
  const Routing routing = Route(ChestOrder(), facts, {}, kTuesdayNoon);
  EXPECT_EQ(routing.center_id, "night-imaging");
  EXPECT_NE(routing.reason.find("does not do item 1"), std::string::npos) << routing.reason;
}

TEST(Routing, WaitsAtAClosedCenterRatherThanNowhere) {
  Facts facts = SampleFacts();
  facts.centers.erase("night-imaging");
  const Routing routing = Route(ChestOrder(), facts, {}, kTuesdayNight);
  EXPECT_EQ(routing.center_id, "county-imaging");
  EXPECT_NE(routing.reason.find("waits there"), std::string::npos) << routing.reason;
}

TEST(Routing, WithoutACenterNamesTheReasonAndTheDesk) {
  Facts facts = SampleFacts();
  Order order = ChestOrder();
  order.discipline = Discipline::kEcg;
  const Routing routing = Route(order, facts, {}, kTuesdayNoon);
  EXPECT_EQ(routing.center_id, "");
  EXPECT_EQ(routing.desk_facility_id, "county");
  EXPECT_NE(routing.reason.find("no center"), std::string::npos) << routing.reason;
}

TEST(Routing, FollowsAnAgreementWithinItsDays) {
  Facts facts = SampleFacts();
  facts.agreements = {{.requesting_facility_id = "outside",
                       .reading_facility_id = "specialist",
                       .discipline = Discipline::kImaging,
                       .from = "2026-11-24",
                       .to = "2026-11-24"}};
  EXPECT_EQ(Route(ChestOrder("outside"), facts, {}, kTuesdayNoon).center_id, "night-imaging");
  EXPECT_EQ(Route(ChestOrder("outside"), facts, {}, kTuesdayNoon + absl::Hours(24)).center_id, "");
  EXPECT_EQ(Route(ChestOrder("outside"), facts, {}, kTuesdayNoon - absl::Hours(24)).center_id, "");
}

TEST(Routing, EndsWithTheMembership) {
  Facts facts = SampleFacts();
  facts.memberships.find("town-a")->second.active = {
      {.from = At(2026, 1, 1, 0, 0), .to = At(2026, 11, 1, 0, 0)}};
  EXPECT_EQ(Route(ChestOrder(), facts, {}, kTuesdayNoon).center_id, "");
}

TEST(Routing, PrefersTheOwnCenterAndTheEmptierOfEquals) {
  Facts facts = SampleFacts();
  facts.centers["county-imaging-2"] = facts.centers["county-imaging"];
  facts.centers["county-imaging-2"].id = "county-imaging-2";
  EXPECT_EQ(Route(ChestOrder(), facts, {{"county-imaging", 5}}, kTuesdayNoon).center_id,
            "county-imaging-2");
  facts.centers["own"] = {
      .id = "own", .discipline = Discipline::kImaging, .host_facility_id = "town-a"};
  EXPECT_EQ(Route(ChestOrder(), facts, {}, kTuesdayNoon).center_id, "own");
}

TEST(Routing, EndsInACircleOfFallbacks) {
  Facts facts = SampleFacts();
  facts.centers["night-imaging"].fallback_center_id = "county-imaging";
  facts.centers["night-imaging"].recognition_codes = {"RC-HAND"};
  EXPECT_EQ(Route(ChestOrder(), facts, {}, kTuesdayNight).center_id, "county-imaging");
}

TEST(Routing, PassesOverCentersItWasAtBefore) {
  const Routing routing = Route(ChestOrder(), SampleFacts(), {}, kTuesdayNoon, {"county-imaging"});
  EXPECT_EQ(routing.center_id, "");
}

TEST(ReadingPolicy, OfTheItemWinsAndTheStrictestOfSeveralHolds) {
  Facts facts = SampleFacts();
  facts.policies = {{.facility_id = "town-a",
                     .discipline = Discipline::kImaging,
                     .mode = ReadingMode::kClinicDrafts},
                    {.facility_id = "town-a",
                     .discipline = Discipline::kImaging,
                     .item_id = "dx-chest",
                     .mode = ReadingMode::kClinicSigns,
                     .signers = 2}};
  Order order = ChestOrder();
  Routing routing = Route(order, facts, {}, kTuesdayNoon);
  EXPECT_EQ(routing.reading_mode, ReadingMode::kClinicSigns);
  EXPECT_EQ(routing.signers, 2);
  order.items.push_back({.id = "2", .item_id = "dx-hand", .modality = "DX"});
  routing = Route(order, facts, {}, kTuesdayNoon);
  EXPECT_EQ(routing.reading_mode, ReadingMode::kClinicDrafts);
  EXPECT_EQ(routing.signers, 2);
  EXPECT_EQ(Route(ChestOrder("town-b"), facts, {}, kTuesdayNoon).reading_mode,
            ReadingMode::kHubReads);
}

TEST(RouteTo, RefusesACenterOfAnotherDiscipline) {
  Facts facts = SampleFacts();
  facts.centers["county-ecg"] = {
      .id = "county-ecg", .discipline = Discipline::kEcg, .host_facility_id = "county"};
  EXPECT_EQ(RouteTo(ChestOrder(), facts, "county-ecg", "").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(RouteTo(ChestOrder(), facts, "nowhere", "").status().code(),
            absl::StatusCode::kNotFound);
  EXPECT_EQ(RouteTo(ChestOrder(), facts, "night-imaging", "asked for")->reason, "asked for");
}

TEST(OpeningHours, SayWhenACenterOpensNext) {
  const Facts facts = SampleFacts();
  const CenterFact& center = *facts.Center("county-imaging");
  EXPECT_TRUE(OpenAt(center, kTuesdayNoon, facts.zone));
  EXPECT_FALSE(OpenAt(center, kTuesdayNight, facts.zone));
  EXPECT_EQ(NextOpening(center, At(2026, 11, 27, 23, 0), facts.zone), At(2026, 11, 30, 8, 0));
}

TEST(Items, AreFilledFromTheCatalogByIdOrLocalCode) {
  Order order = ChestOrder();
  order.discipline = Discipline::kNone;
  order.items = {{.local_code = "XP01"},
                 {.local_code = "UNKNOWN", .name = "足部", .modality = "DX"}};
  ASSERT_TRUE(ResolveItems(SampleFacts(), kTuesdayNoon, order).ok());
  EXPECT_EQ(order.discipline, Discipline::kImaging);
  EXPECT_EQ(order.items[0].item_id, "dx-chest");
  EXPECT_EQ(order.items[0].recognition_code, "RC-CHEST");
  EXPECT_EQ(order.items[0].price_fen, 9000);
  EXPECT_EQ(order.items[1].name, "足部");
  EXPECT_EQ(order.items[1].id, "2");
}

TEST(Items, CostTheFacilitysOwnPriceFirst) {
  Order order = ChestOrder("town-b");
  ASSERT_TRUE(ResolveItems(SampleFacts(), kTuesdayNoon, order).ok());
  EXPECT_EQ(order.items[0].price_fen, 7000);
}

TEST(Items, OfSeveralDisciplinesAreRefused) {
  Order order = ChestOrder();
  order.items.push_back({.item_id = "ecg-12"});
  EXPECT_EQ(ResolveItems(SampleFacts(), kTuesdayNoon, order).code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tongjian::orders
