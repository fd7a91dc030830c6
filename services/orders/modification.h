// What a caller may change of an order, group of fields by group.
#pragma once

#include <cstdint>

#include "common/base/status.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// `before` with the fields that `wanted` states otherwise; `changed` tells which groups (state.h,
// Fields). FAILED_PRECONDITION (STATE_NOT_ALLOWED) names the group that the state does not let
// change; INVALID_ARGUMENT for fields that never change: facility, discipline, accession number.
// What the hub sets (routing, deadline, state...) is not looked at.
absl::StatusOr<Order> Modified(const Order& before, const Order& wanted, uint32_t* changed);

}  // namespace tongjian::orders
