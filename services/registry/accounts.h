// Making and changing people's accounts.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "services/registry/account.h"

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

// Safe for concurrent use; `ids` must outlive it. A password comes as its hash
// (security::HashPassword), made outside of the transaction: hashing takes too long to hold up
// other writers.
class Accounts {
 public:
  explicit Accounts(base::Ids& ids) : ids_(ids) {}

  // INVALID_ARGUMENT by account.h or for a facility or practitioner that is not there;
  // ALREADY_EXISTS for a user name that is taken; NOT_FOUND for a facility out of scope.
  absl::StatusOr<Account> Create(store::Transaction& tx, const security::Scope& scope,
                                 Account account) const;

  // Replaces facility, practitioner, roles, status, and the password where `wanted` has a hash; a
  // new password unlocks. Where that makes tokens void (account.h) it is announced to all services.
  // The user name stays. FAILED_PRECONDITION (ETAG_MISMATCH) unless wanted.version is the current
  // one.
  absl::StatusOr<Account> Update(store::Transaction& tx, const security::Scope& scope,
                                 const Account& wanted) const;

 private:
  base::Ids& ids_;
};

}  // namespace tongjian::registry
