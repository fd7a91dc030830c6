// What can be done with patients' decisions.
#pragma once

#include "absl/status/statusor.h"
#include "services/registry/consent.h"

namespace tongjian::base {
class Ids;
}
namespace tongjian::security {
class Scope;
}
namespace tongjian::store {
class Transaction;
}

namespace tongjian::registry {

// Safe for concurrent use; `ids` must outlive it.
class Consents {
 public:
  explicit Consents(base::Ids& ids) : ids_(ids) {}

  // Records the decision and announces the patient with what holds now. NOT_FOUND for a patient out
  // of scope; INVALID_ARGUMENT by consent.h or for a facility out of scope; FAILED_PRECONDITION
  // (STATE_NOT_ALLOWED) for a merged patient, and for taking back what was never granted.
  absl::StatusOr<Consent> Record(store::Transaction& tx, const security::Scope& scope,
                                 Consent consent) const;

 private:
  base::Ids& ids_;
};

}  // namespace tongjian::registry
