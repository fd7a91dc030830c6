// What every piece of news does: finds its order, moves it, writes it.
#pragma once

#include <functional>
#include <string>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/orders/journal.h"
#include "services/orders/load_counter.h"
#include "services/orders/order.h"
#include "services/orders/order_store.h"
#include "services/orders/registry_facts.h"
#include "services/orders/submission.h"

namespace tongjian::orders {

// What news stands on. All of it must outlive its users.
struct NewsParts {
  const OrderStore& store;
  const Journal& journal;
  FactSource facts;
  const LoadCounter& load;
  SubmissionRules rules;
};

// Reads the order, lets `change` change it and writes it when `change` says so. An order that is
// not here yet parks the event.
absl::Status ApplyTo(store::Transaction& tx, const NewsParts& parts, const std::string& order_id,
                     const std::function<absl::StatusOr<bool>(Order&, Deed&)>& change);

// The order that `order` was bound to, where it is a provisional one that ended so; itself
// otherwise.
absl::StatusOr<Order> Successor(store::Session& session, const OrderStore& store, Order order);

}  // namespace tongjian::orders
