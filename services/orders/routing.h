// To which center an order goes, and why: a pure function of the order, the registry's facts, the
// load and the time.
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "services/orders/facts.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// Open work per center.
using Load = std::map<std::string, int64_t, std::less<>>;

// The routing of `order` at `time`. Candidates are the ordering facility's own center, centers that
// serve a community of which it (or a facility above it) is an active member, and centers of
// facilities it has an agreement with, in this order. A candidate that is closed, overloaded or
// cannot do an item hands on to its fallback, and so on. When none is free, load is set aside, then
// opening hours: the order waits where it can be done. STAT and green channel are never turned away
// for load. Without any center at all center_id is empty, `reason` says why, and desk_facility_id
// names who must act. Centers in `excluded` (where it was before) are passed over. Reading mode and
// signers come from the facility's policies: the item's rule wins over the discipline's, and of
// several items the strictest holds.
Routing Route(const Order& order, const Facts& facts, const Load& load, absl::Time time,
              const std::set<std::string>& excluded = {});

// The routing to a center a person chose. NOT_FOUND for an unknown one, INVALID_ARGUMENT for one of
// another discipline or one that takes no orders.
absl::StatusOr<Routing> RouteTo(const Order& order, const Facts& facts,
                                const std::string& center_id, std::string reason);

// Whether a center is open at `time`, and until when it is closed if not (infinite future when it
// never opens).
bool OpenAt(const CenterFact& center, absl::Time time, absl::TimeZone zone);
absl::Time NextOpening(const CenterFact& center, absl::Time time, absl::TimeZone zone);

}  // namespace tongjian::orders
