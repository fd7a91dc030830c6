// The frame of every change that somebody asks for: once per request id, audited, in one
// transaction.
#pragma once

#include <functional>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/security/caller.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/orders/journal.h"
#include "services/orders/order.h"
#include "services/orders/order_store.h"

namespace tongjian::rpc {
class Trail;
}

namespace tongjian::orders {

// Who asks for a change, for whose orders, and under which request id. `fingerprint` is a hash of
// the request's content.
struct Asked {
  security::Caller caller;
  security::Scope scope;
  std::string method;
  std::string request_id;
  std::string fingerprint;
  rpc::Trail* trail = nullptr;  // Null where no trail is kept: a service's own work.
};

// The actor of the timeline: ids only.
Deed DeedOf(const Asked& asked, std::string action, std::string note = "");
// Marks order and patient in the trail.
void Touch(rpc::Trail* trail, const Order& order);

// Safe for concurrent use; all parts must outlive it.
class Changes {
 public:
  Changes(store::Database& database, const OrderStore& store, const Journal& journal)
      : database_(database), store_(store), journal_(journal) {}

  // Runs `work`, which changes orders and leaves the one to answer in its argument. The same
  // request answers the same order as it is now, without running it.
  using Work = std::function<absl::Status(store::Transaction&, Order&)>;
  absl::StatusOr<Order> Run(const Asked& asked, const Work& work) const;

  // The plain case: one order that the scope sees is read, changed by `work` and written.
  absl::StatusOr<Order> ChangeOne(const Asked& asked, const std::string& id, const Deed& deed,
                                  const Work& work) const;

  store::Database& database() const { return database_; }
  const OrderStore& store() const { return store_; }
  const Journal& journal() const { return journal_; }

 private:
  store::Database& database_;
  const OrderStore& store_;
  const Journal& journal_;
};

}  // namespace tongjian::orders
