#include "services/orders/silence.h"

#include <string>

#include "services/orders/order_list.h"
#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

double CountNow(store::Database& database, State state, absl::Time changed_before) {
  int64_t count = -1;
  const absl::Status read = database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(count, CountOrders(session, state, changed_before));
    return absl::OkStatus();
  });
  return read.ok() ? static_cast<double>(count) : -1.0;
}

}  // namespace

std::map<State, absl::Time> SilentBefore(const SilenceLimits& limits, absl::Time now) {
  std::map<State, absl::Time> before;
  for (int number = 1; number <= kStates; ++number) {
    const State state = static_cast<State>(number);
    if (state == State::kDraft || state == State::kViewed || Terminal(state)) continue;
    before[state] = now - limits.stuck;
  }
  before[State::kSubmitted] = now - limits.no_show;
  before[State::kSigned] = now - limits.undelivered;
  before[State::kDelivered] = now - limits.unread;
  return before;
}

std::vector<telemetry::Registry::Watch> WatchSilence(telemetry::Registry& metrics,
                                                     store::Database& database,
                                                     const base::Clock& clock,
                                                     const SilenceLimits& limits) {
  std::vector<telemetry::Registry::Watch> watches;
  for (const auto& [state, before] : SilentBefore(limits, absl::UnixEpoch())) {
    const telemetry::Labels labels = {{"state", std::string(Name(state))}};
    const State of = state;
    const absl::Duration limit = absl::UnixEpoch() - before;
    watches.push_back(metrics.WatchGauge(
        "tongjian_orders_open", "Orders that are not at an end", labels,
        [&database, of] { return CountNow(database, of, absl::InfiniteFuture()); }));
    watches.push_back(metrics.WatchGauge(
        "tongjian_orders_silent", "Of those, on which nothing has happened for too long", labels,
        [&database, &clock, of, limit] { return CountNow(database, of, clock.Now() - limit); }));
  }
  return watches;
}

}  // namespace tongjian::orders
