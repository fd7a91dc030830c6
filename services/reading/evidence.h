// What the other services' news does to tasks.
#pragma once

#include <string>
#include <vector>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/reading/facts.h"

namespace tongjian::orders::v1 {
class Order;
}
namespace tongjian::imaging::v1 {
class Study;
}

namespace tongjian::reading {

// News that takes evidence away, or ends the order, voids what rests on it in the same transaction: a signature that waits
// for approval, a preliminary report. Each news is applied within the follower's transaction, once, in the order of its
// source's versions. Safe for concurrent use; `ids` must outlive it.
class Evidence {
 public:
  explicit Evidence(base::Ids& ids) : ids_(ids) {}

  absl::Status OrderNews(store::Transaction& tx, const orders::v1::Order& order) const;
  // feed::ReferenceUnknown, with nothing written, while an order it names is not known.
  absl::Status StudyNews(store::Transaction& tx, const imaging::v1::Study& study) const;
  // These words stand for that patient from now on.
  absl::Status PatientNews(store::Transaction& tx, const Patient& words, const PatientFact& fact) const;
  // This order, in which the facility gave no number, is that patient's from now on.
  absl::Status PatientNews(store::Transaction& tx, const std::string& order_id, const PatientFact& fact) const;

 private:
  // Brings the order's task up to what is known; makes it once there is evidence.
  absl::Status Refresh(store::Transaction& tx, const std::string& order_id) const;
  // The HIS order takes over the provisional one's evidence and the SAME task, reports included.
  absl::Status Rebind(store::Transaction& tx, const std::string& provisional_id, const OrderFact& order) const;

  base::Ids& ids_;
};

}  // namespace tongjian::reading
