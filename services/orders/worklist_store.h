// The rows that devices' worklist queries run over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/session.h"
#include "common/store/transaction.h"
#include "services/orders/order.h"

namespace tongjian::dicom {
struct WorklistKeys;
}

namespace tongjian::orders {

// An item on the worklist, oldest order first.
struct WorklistKey {
  int64_t created = 0;
  std::string order_id;
  std::string item_id;
  auto operator<=>(const WorklistKey&) const = default;
};

// Brings the order's rows in line with its state; `before` is null for a new one.
absl::Status WriteWorklist(store::Transaction& tx, const Order* before, const Order& after,
                           absl::TimeZone zone);

// Which orders without a scheduled time count, as if scheduled at `now`: those since `oldest`.
struct WorklistTime {
  absl::Time now;
  absl::Time oldest;
  absl::TimeZone zone;
};

// What devices of the scope's one facility (checked) may find by `keys`, at most `limit`. Keys the
// index does not know are the caller's matter.
absl::StatusOr<std::vector<WorklistKey>> FindWorklist(store::Session& session,
                                                      const security::Scope& scope,
                                                      const dicom::WorklistKeys& keys,
                                                      const WorklistTime& time, int64_t limit);

// YYYYMMDD
std::string WorklistDay(absl::Time time, absl::TimeZone zone);

}  // namespace tongjian::orders
