// What the center's desk does with orders: ask back, hold, send elsewhere, have recorded again; and
// routing again what had no center.
#pragma once

#include <string>

#include "common/base/status.h"
#include "services/orders/changes.h"
#include "services/orders/load_counter.h"
#include "services/orders/order.h"
#include "services/orders/registry_facts.h"
#include "services/orders/submission.h"

namespace tongjian::orders {

// How an order leaves a center.
enum class Leaving { kRedirect, kDecline, kEscalate, kHandOver };

// Safe for concurrent use; all it is given must outlive it.
class DeskWork {
 public:
  DeskWork(const Changes& changes, FactSource facts, const LoadCounter& load, SubmissionRules rules)
      : changes_(changes), facts_(std::move(facts)), load_(load), rules_(std::move(rules)) {}

  absl::StatusOr<Order> Return(const Asked& asked, const std::string& id,
                               const std::string& question) const;
  absl::StatusOr<Order> Hold(const Asked& asked, const std::string& id, bool hold,
                             const std::string& reason) const;
  absl::StatusOr<Order> Recapture(const Asked& asked, const std::string& id,
                                  const std::string& reason) const;
  // To `center_id`. Empty: a decline waits for the desk; the others go where routing sends them
  // next, to none it was at before.
  absl::StatusOr<Order> Reroute(const Asked& asked, const std::string& id, Leaving leaving,
                                const std::string& center_id, const std::string& reason) const;

  // Routes orders that have no center again, as after a change of the registry: how many found one.
  absl::StatusOr<int> RouteWaiting() const;

 private:
  const Changes& changes_;
  const FactSource facts_;
  const LoadCounter& load_;
  const SubmissionRules rules_;
};

// The routing after leaving: to the center that was named, else the next one; `why` becomes its
// reason. Without one the desk of the facility that had it must act.
absl::Status Leave(Order& order, Leaving leaving, const std::string& center_id,
                   const std::string& why, const Facts& facts, const Load& load, absl::Time now);

}  // namespace tongjian::orders
