// Logging people in, and the account a new hub starts with.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/registry/account.h"

namespace tongjian::base {
class Ids;
}
namespace tongjian::security {
class TokenIssuer;
class VoidTokens;
}  // namespace tongjian::security
namespace tongjian::store {
class Database;
}

namespace tongjian::registry {

struct LogInOptions {
  LockRule lock;
  absl::Duration token_lifetime = absl::Hours(12);
  int passwords_at_once = 4;  // Each takes 19 MiB and a core for some 30 ms.
};

struct LoggedIn {
  std::string token;
  absl::Time expiry;
  Account account;
};

// Safe for concurrent use; `database` and `issuer` must outlive it.
class LogIns {
 public:
  LogIns(store::Database& database, const security::TokenIssuer& issuer,
         const LogInOptions& options)
      : database_(database), issuer_(issuer), options_(options) {}

  // UNAUTHENTICATED for an unknown name, a wrong password or an inactive account: one answer, after
  // the same work. RESOURCE_EXHAUSTED (LOCKED_OUT) while the account is locked, whatever the
  // password.
  absl::StatusOr<LoggedIn> LogIn(std::string_view user_name, std::string_view password);

 private:
  // One of `passwords_at_once` places.
  bool Matches(std::string_view password, const std::string& hash);
  // Counts the outcome in one transaction; the account as it then is.
  absl::StatusOr<Account> Count(const Account& account, bool right, std::string_view new_hash);

  store::Database& database_;
  const security::TokenIssuer& issuer_;
  const LogInOptions options_;
  std::mutex mutex_;
  std::condition_variable place_free_;
  int running_ = 0;
};

// What the accounts say of tokens that do not hold, for the door of this process.
absl::Status LoadVoidTokens(store::Database& database, security::VoidTokens& void_tokens);

// On a hub without any account: makes the account "operator" with a random password, which is
// written once to `password_path` (mode 0600, durable before the account is). Elsewhere nothing
// happens.
absl::Status MakeFirstOperator(store::Database& database, base::Ids& ids,
                               const std::string& password_path);

}  // namespace tongjian::registry
