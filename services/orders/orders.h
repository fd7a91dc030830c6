// What the clinic's side does with orders: write, read, change, cancel, pay, answer.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "services/orders/block_store.h"
#include "services/orders/changes.h"
#include "services/orders/load_counter.h"
#include "services/orders/order.h"
#include "services/orders/order_list.h"
#include "services/orders/registry_facts.h"
#include "services/orders/submission.h"

namespace tongjian::orders {

// Safe for concurrent use; all it is given must outlive it. Everything is prepared outside of the
// transaction, so that a create costs the writer its inserts and nothing else.
class Orders {
 public:
  Orders(const Changes& changes, OwnNumbers& numbers, FactSource facts, const LoadCounter& load,
         base::Ids& ids, const base::Clock& clock, SubmissionRules rules);

  // Writes an order; `draft`: without submitting it. PERMISSION_DENIED for a facility out of scope.
  // A number given by a gateway must be out of a block leased to its facility; from anybody else it
  // is refused. A provisional order that has its number or study UID is bound to it in the same
  // transaction.
  absl::StatusOr<Order> Create(const Asked& asked, Order order, bool draft) const;
  absl::StatusOr<Order> Submit(const Asked& asked, const std::string& id) const;
  // `wanted` as it was read, with the caller's changes; `etag` of that reading, FAILED_PRECONDITION
  // (ETAG_MISMATCH) when it is old.
  absl::StatusOr<Order> Modify(const Asked& asked, const Order& wanted,
                               const std::string& etag) const;
  absl::StatusOr<Order> Cancel(const Asked& asked, const std::string& id, const std::string& reason,
                               const std::string& recognized_result_id) const;
  absl::StatusOr<Order> Pay(const Asked& asked, const std::string& id, Payment payment,
                            const std::string& billing_party) const;
  absl::StatusOr<Order> Answer(const Asked& asked, const std::string& id,
                               const std::string& answer) const;
  absl::StatusOr<Order> BindTo(const Asked& asked, const std::string& id,
                               const std::string& provisional_id) const;

  absl::StatusOr<AccessionBlock> LeaseNumbers(const Asked& asked, const std::string& facility_id,
                                              int64_t size) const;

 private:
  // A change that is for the facility that ordered or recorded, or for the center's desk:
  // PERMISSION_DENIED to others at the center, NOT_FOUND to everybody else.
  absl::StatusOr<Order> ChangeOwn(const Asked& asked, const std::string& id, const Deed& deed,
                                  const Changes::Work& work) const;
  absl::Status CheckNumber(const Asked& asked, const Order& order) const;
  absl::Status CheckLease(store::Session& session, const Order& order) const;
  // Binds the provisional orders that have the numbers and UIDs which the caller gave.
  absl::Status BindArrivals(store::Transaction& tx, const Asked& asked, const Order& given,
                            Order& order) const;

  const Changes& changes_;
  OwnNumbers& numbers_;
  const FactSource facts_;
  const LoadCounter& load_;
  base::Ids& ids_;
  const base::Clock& clock_;
  const SubmissionRules rules_;
};

}  // namespace tongjian::orders
