// Lists of orders, newest first, each filter with an index of its own.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/session.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// Empty fields leave open.
struct OrderFilter {
  std::vector<State> states;
  std::string ordering_facility_id;
  std::string center_id;
  std::string patient_id;
  absl::Time from = absl::UnixEpoch();
  absl::Time to = absl::FromUnixMicros(int64_t{1} << 60);
  bool needs_desk = false;
  bool unbound = false;
  // Where it is not empty: only orders in these states whose last change was before.
  std::map<State, absl::Time> silent_before;
};

// The last order of the page before; the default is in front of all.
struct ListPosition {
  int64_t created = int64_t{1} << 61;
  std::string id;
};
std::string ToText(const ListPosition& position);
absl::StatusOr<ListPosition> ParsePosition(std::string_view text);
ListPosition PositionOf(const Order& order);

// At most `limit` orders behind `after` that the scope sees.
absl::StatusOr<std::vector<Order>> ListOrders(store::Session& session, const security::Scope& scope,
                                              const OrderFilter& filter, const ListPosition& after,
                                              int64_t limit);

// The orders of one state whose last change was before.
absl::StatusOr<int64_t> CountOrders(store::Session& session, State state,
                                    absl::Time changed_before);

}  // namespace tongjian::orders
