// Orders on which nothing happens for too long.
#include "services/orders/silence.h"

#include "services/orders/state.h"
#include "tests/unit/orders/orders_fixture.h"

namespace tongjian::orders {
namespace {

TEST(Silence, HasALimitForEveryStateThatMustLeadOn) {
  const absl::Time now = absl::FromUnixSeconds(1'767'600'000);
  const auto before = SilentBefore({}, now);
  for (int number = 1; number <= kStates; ++number) {
    const State state = static_cast<State>(number);
    const bool rests = Terminal(state) || state == State::kViewed || state == State::kDraft;
    EXPECT_EQ(before.contains(state), !rests) << Name(state);
  }
  EXPECT_EQ(before.at(State::kSigned), now - absl::Hours(4));
  EXPECT_EQ(before.at(State::kDelivered), now - absl::Hours(72));
  EXPECT_EQ(before.at(State::kHeld), now - absl::Hours(24));
}

class Silent : public OrdersTest {
 protected:
  std::vector<std::string> Now(OrderFilter filter = {},
                               const security::Scope& scope = security::Scope::Service()) {
    filter.silent_before = queries_->SilentNow();
    const auto orders = queries_->List(scope, filter, {}, 100);
    EXPECT_THAT(orders.status(), IsOk());
    std::vector<std::string> ids;
    for (const Order& order : *orders) ids.push_back(order.id);
    return ids;
  }
};
TJ_ON_BOTH_BACKENDS(Silent);

TEST_P(Silent, ReportsAreShownUntilTheyAreDeliveredAndOpened) {
  const Order order = Created();
  const Order other = Created();  // Not recorded yet: it may wait for the patient.
  ASSERT_THAT(Tell(Study("1.2", {order.id})), IsOk());
  ASSERT_THAT(Tell(ReportFact{.id = "r",
                              .order_ids = {order.id},
                              .standing = ReportFact::Standing::kFinal,
                              .version = 1}),
              IsOk());
  ASSERT_EQ(Read(order.id).state, State::kSigned);
  EXPECT_TRUE(Now().empty());
  clock_.Advance(absl::Hours(4) + absl::Seconds(1));
  EXPECT_EQ(Now(), std::vector<std::string>{order.id});
  EXPECT_EQ(Now({.states = {State::kSigned}}), std::vector<std::string>{order.id});
  EXPECT_TRUE(Now({.states = {State::kHeld}}).empty());
  EXPECT_EQ(Now({}, security::Scope::Facilities({"town-a"})), std::vector<std::string>{order.id});
  EXPECT_TRUE(Now({}, security::Scope::Facilities({"town-b"})).empty());
  EXPECT_EQ(Now({.ordering_facility_id = "town-a"}), std::vector<std::string>{order.id});
  ASSERT_THAT(Tell(ResultFact{
                  .id = "x", .order_ids = {order.id}, .delivered_to = {"town-a"}, .version = 1}),
              IsOk());
  EXPECT_TRUE(Now().empty());
  clock_.Advance(absl::Hours(72) + absl::Seconds(1));
  EXPECT_EQ(Now(), std::vector<std::string>{order.id});
  ASSERT_THAT(
      Tell(ResultFact{.id = "x", .order_ids = {order.id}, .viewed_at = {"town-a"}, .version = 2}),
      IsOk());
  EXPECT_TRUE(Now().empty());
  clock_.Advance(absl::Hours(24 * 30));
  EXPECT_EQ(Now(), std::vector<std::string>{other.id});
}

TEST_P(Silent, EvidenceThatNobodyReadsIsCountedByState) {
  telemetry::Registry metrics;
  const auto watches = WatchSilence(metrics, *database_, clock_, {});
  ASSERT_THAT(Tell(Study("1.2")), IsOk());
  EXPECT_THAT(metrics.Expose(), ::testing::HasSubstr("tongjian_orders_open{state=\"ACQUIRED\"} 1"));
  EXPECT_THAT(metrics.Expose(),
              ::testing::HasSubstr("tongjian_orders_silent{state=\"ACQUIRED\"} 0"));
  clock_.Advance(absl::Hours(25));
  EXPECT_THAT(metrics.Expose(),
              ::testing::HasSubstr("tongjian_orders_silent{state=\"ACQUIRED\"} 1"));
}

}  // namespace
}  // namespace tongjian::orders
