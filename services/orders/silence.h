// How long nothing may happen to an order before somebody should look: the way out of every state.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"
#include "services/orders/order.h"

namespace tongjian::orders {

struct SilenceLimits {
  absl::Duration no_show = absl::Hours(24 * 30);  // Submitted, and nobody came.
  absl::Duration undelivered = absl::Hours(4);    // Signed, and not at the clinic.
  absl::Duration unread = absl::Hours(72);        // Delivered, and opened by nobody.
  absl::Duration stuck = absl::Hours(24);         // Anything else that is not at its end.
};

// The states that must lead on, each with the time before which an order's last change is too long
// ago. Drafts are the clinic's own; VIEWED, CANCELLED and RECOGNIZED are ends.
std::map<State, absl::Time> SilentBefore(const SilenceLimits& limits, absl::Time now);

// tongjian_orders_open and tongjian_orders_silent by state, counted when they are shown. The
// handles must not outlive what they are given.
std::vector<telemetry::Registry::Watch> WatchSilence(telemetry::Registry& metrics,
                                                     store::Database& database,
                                                     const base::Clock& clock,
                                                     const SilenceLimits& limits);

}  // namespace tongjian::orders
