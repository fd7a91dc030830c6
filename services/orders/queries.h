// Reading orders.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/orders/order.h"
#include "services/orders/order_list.h"
#include "services/orders/order_store.h"
#include "services/orders/silence.h"

namespace tongjian::orders {

// How an order is asked for: by the first of these that is not empty.
struct OrderName {
  std::string id;
  std::string accession_number;
  std::string placer_order_number;
  std::string facility_id;  // Whose placer's number.
};

// Safe for concurrent use; both parts must outlive it.
class Queries {
 public:
  Queries(store::Database& database, const OrderStore& store, const SilenceLimits& limits = {})
      : database_(database), store_(store), limits_(limits) {}

  // For OrderFilter: what is silent now.
  std::map<State, absl::Time> SilentNow() const {
    return SilentBefore(limits_, database_.clock().Now());
  }

  absl::StatusOr<Order> Get(const security::Scope& scope, const OrderName& name) const;
  absl::StatusOr<std::vector<Order>> List(const security::Scope& scope, const OrderFilter& filter,
                                          const ListPosition& after, int64_t limit) const;
  absl::StatusOr<std::vector<TimelineEntry>> Timeline(const security::Scope& scope,
                                                      const std::string& id, int64_t after,
                                                      int64_t limit) const;

 private:
  store::Database& database_;
  const OrderStore& store_;
  const SilenceLimits limits_;
};

}  // namespace tongjian::orders
