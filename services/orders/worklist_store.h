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

// An item on the worklist with its order.
struct WorklistEntry {
  Order order;
  std::string item_id;
};

// Where a page of a query ends, to go on behind it.
struct WorklistPosition {
  int64_t created = 0;
  std::string order_id;
  std::string item_id;
};

struct WorklistPage {
  std::vector<WorklistEntry> entries;
  WorklistPosition end;
  bool more = false;
};

// Brings the order's rows in line with its state; `before` is null for a new one.
absl::Status WriteWorklist(store::Transaction& tx, const Order* before, const Order& after, absl::TimeZone zone);

// What devices of the scope's one facility (checked) may find by `keys`, oldest order first, at most `limit` behind `after`.
// Items without a scheduled time count as scheduled at `now`, unless they were ordered before `oldest`. Keys the index
// does not know are the caller's matter.
absl::StatusOr<WorklistPage> ReadWorklist(store::Session& session, const security::Scope& scope,
                                          const dicom::WorklistKeys& keys, absl::Time now, absl::Time oldest,
                                          absl::TimeZone zone, const WorklistPosition& after, int64_t limit);

// YYYYMMDD
std::string WorklistDay(absl::Time time, absl::TimeZone zone);

}  // namespace tongjian::orders
