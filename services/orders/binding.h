// A HIS order takes over the evidence of a provisional one: no second task.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/orders/facts.h"
#include "services/orders/journal.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// The two orders after a binding.
struct Bound {
  Order order;
  Order provisional;
};

// `order` takes over studies, reports, state and running clock of `provisional`, which ends as
// CANCELLED; each names the other. Where the provisional one is in a center's queue already, the
// order goes to that center: the task moves, it is not made again. FAILED_PRECONDITION
// (STATE_NOT_ALLOWED) when `provisional` is none, is bound already, or the states do not allow it;
// also when both have evidence and somebody reads the provisional one already.
absl::StatusOr<Bound> Bind(Order order, Order provisional, const Facts& facts);

// Binds within a transaction: the order's event comes before the provisional one's, so that its
// followers move what they have.
absl::Status BindIn(store::Transaction& tx, const Journal& journal, const Facts& facts,
                    const Order& order, const Order& provisional, const Deed& deed, Order* bound);

// Of the provisional orders that a new order meets (by accession number or study UID), those it
// takes over: unbound and still open; by study UID those that are not another patient's, by number
// alone those that are surely the same one's. What it does not take is doubtful: a person decides.
std::vector<Order> TakenOverBy(const Order& order, const std::vector<Order>& candidates);

}  // namespace tongjian::orders
