// The rows of people's accounts.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/account.h"

namespace tongjian::security {
class Scope;
}
namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

// Nothing when it is not there or not in scope.
absl::StatusOr<std::optional<Account>> FindAccount(store::Session& session,
                                                   const security::Scope& scope,
                                                   std::string_view id);
// For logging in: whoever knows the name may try.
absl::StatusOr<std::optional<Account>> FindAccountByName(store::Session& session,
                                                         std::string_view user_name);

// Whether the practitioner has accounts here and none of them may log in any more. People of an
// outside identity provider have none.
absl::StatusOr<bool> OnlyClosedAccounts(store::Session& session, std::string_view practitioner_id);

// By id, of one facility (all when empty), behind `after`.
absl::StatusOr<std::vector<Account>> ListAccounts(store::Session& session,
                                                  const security::Scope& scope,
                                                  std::string_view facility_id,
                                                  std::string_view after, int64_t limit);

// ALREADY_EXISTS for a user name that is taken.
absl::Status InsertAccount(store::Transaction& tx, const Account& account);
// Writes version + 1; FAILED_PRECONDITION (ETAG_MISMATCH) unless the row has account.version.
absl::Status UpdateAccount(store::Transaction& tx, const Account& account);
// Failures, lock and password hash alone, whatever the version: logging in is no edit.
absl::Status UpdateLogIn(store::Transaction& tx, const Account& account);
// One attempt more to log in under a name that nobody has.
absl::Status CountUnknownName(store::Transaction& tx);

}  // namespace tongjian::registry
