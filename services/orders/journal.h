// Writes what happens to orders: row, timeline and event of one change, in its transaction.
#pragma once

#include <string>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/orders/load_counter.h"
#include "services/orders/order.h"
#include "services/orders/order_store.h"

namespace tongjian::orders {

inline constexpr char kStream[] = "orders";

// What was done and by whom, for the timeline.
struct Deed {
  std::string action;
  std::string actor;
  std::string facility_id;
  std::string note;
};

// Every change of an order goes through here: it raises the version, adds one timeline entry with
// that number and emits one OrderChanged to all who see the order or saw it before. Safe for
// concurrent use; store and counter must outlive it.
class Journal {
 public:
  Journal(const OrderStore& store, LoadCounter& load) : store_(store), load_(load) {}

  absl::Status Create(store::Transaction& tx, Order& order, const Deed& deed) const;
  absl::Status Change(store::Transaction& tx, const Order& before, Order& after,
                      const Deed& deed) const;

 private:
  const OrderStore& store_;
  LoadCounter& load_;
};

}  // namespace tongjian::orders
