// How a request becomes an order: items, study UIDs, center, deadline. Pure but for random UIDs.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/orders/facts.h"
#include "services/orders/order.h"
#include "services/orders/routing.h"

namespace tongjian::orders {

// Our own choices where the registry says nothing [design].
struct SubmissionRules {
  std::string uid_root;  // Empty: 2.25.
  int routine_minutes = 24 * 60;
  int urgent_minutes = 2 * 60;
  int stat_minutes = 60;
};

// Fills the items from the catalog and gives each its study UID unless a gateway has done so.
// INVALID_ARGUMENT for items of several disciplines and for UIDs that are none.
absl::Status Complete(Order& order, const Facts& facts, absl::Time now,
                      const SubmissionRules& rules);

// Routes the order and fixes target and deadline. Without a center it says why in routing and note.
void RouteAndSchedule(Order& order, const Facts& facts, const Load& load, absl::Time now,
                      const SubmissionRules& rules);

// Only the target and deadline, as after a change of priority. A running clock goes on from its
// start.
void FixDeadline(Order& order, const Facts& facts, absl::Time now, const SubmissionRules& rules);

// Takes over a new routing; the center it leaves is remembered.
void MoveTo(Order& order, Routing routing);

}  // namespace tongjian::orders
