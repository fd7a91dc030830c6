#include "services/registry/log_in.h"

#include <optional>
#include <utility>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/key_file.h"
#include "common/security/password.h"
#include "common/security/scope.h"
#include "common/security/token.h"
#include "common/security/void_tokens.h"
#include "common/store/database.h"
#include "common/telemetry/log.h"
#include "services/registry/account_store.h"

namespace tongjian::registry {
namespace {

constexpr size_t kUserNameMax = 64;
constexpr size_t kPasswordMax = 256;
constexpr size_t kFirstPasswordBytes = 12;

absl::Status Refused() {
  return base::Error(absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "",
                     "user name or password is wrong");
}

absl::Status LockedOut() {
  return base::Error(absl::StatusCode::kResourceExhausted, "LOCKED_OUT", "",
                     "too many wrong passwords: locked for a while");
}

}  // namespace

absl::StatusOr<LoggedIn> LogIns::LogIn(std::string_view user_name, std::string_view password) {
  if (user_name.size() > kUserNameMax || password.size() > kPasswordMax) return Refused();
  std::optional<Account> found;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(found, FindAccountByName(session, user_name));
    return absl::OkStatus();
  }));
  const bool right = Matches(password, found ? found->password_hash : security::DecoyHash());
  if (!found) {
    // The same write as for a known name, so that the time tells nothing.
    TJ_TRY(database_.Write([](store::Transaction& tx) { return CountUnknownName(tx); }));
    return Refused();
  }
  std::string new_hash;
  if (right && security::NeedsRehash(found->password_hash)) {
    TJ_ASSIGN_OR_RETURN(new_hash, security::HashPassword(password));
  }
  security::Claims claims;
  claims.user_id = found->id;
  claims.facility_id = found->facility_id;
  claims.practitioner_id = found->practitioner_id;
  claims.roles = found->roles;
  const absl::Time expiry = database_.clock().Now() + options_.token_lifetime;
  // Before the account is looked at again: a change from then on makes this token void.
  std::string token;
  if (right) {
    TJ_ASSIGN_OR_RETURN(token, issuer_.Issue(claims, options_.token_lifetime));
  }
  TJ_ASSIGN_OR_RETURN(Account account, Count(*found, right, new_hash));
  if (IsLocked(account, database_.clock().Now())) return LockedOut();
  if (!right || !account.active) return Refused();
  if (account.version != found->version)
    return absl::AbortedError("the account was changed meanwhile: try again");
  return LoggedIn{std::move(token), expiry, std::move(account)};
}

bool LogIns::Matches(std::string_view password, const std::string& hash) {
  {
    std::unique_lock lock(mutex_);
    place_free_.wait(lock, [&] { return running_ < options_.passwords_at_once; });
    ++running_;
  }
  const bool matches = security::VerifyPassword(password, hash);
  {
    std::lock_guard lock(mutex_);
    --running_;
  }
  place_free_.notify_one();
  return matches;
}

absl::StatusOr<Account> LogIns::Count(const Account& account, bool right,
                                      std::string_view new_hash) {
  Account now_account;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto current,
                        FindAccount(tx, security::Scope::Service(), account.id));
    if (!current) return Refused();
    now_account = *current;
    const bool same_password = current->password_hash == account.password_hash;
    if (IsLocked(now_account, tx.Now())) return absl::OkStatus();
    if (right && same_password && current->active) {
      CountSuccess(&now_account);
      if (!new_hash.empty()) now_account.password_hash = std::string(new_hash);
    } else {
      CountFailure(options_.lock, tx.Now(), &now_account);
    }
    return UpdateLogIn(tx, now_account);
  }));
  return now_account;
}

absl::Status LoadVoidTokens(store::Database& database, security::VoidTokens& void_tokens) {
  constexpr int64_t kPage = 500;
  std::string after;
  int64_t read = kPage;
  while (read == kPage) {
    TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(const auto accounts,
                          ListAccounts(session, security::Scope::Service(), "", after, kPage));
      for (const Account& account : accounts) {
        after = account.id;
        if (account.tokens_from > absl::UnixEpoch()) {
          void_tokens.Set(account.id, account.tokens_from);
        }
      }
      read = static_cast<int64_t>(accounts.size());
      return absl::OkStatus();
    }));
  }
  return absl::OkStatus();
}

absl::Status MakeFirstOperator(store::Database& database, base::Ids& ids,
                               const std::string& password_path) {
  bool empty = false;
  TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const auto accounts,
                        ListAccounts(session, security::Scope::Service(), "", "", 1));
    empty = accounts.empty();
    return absl::OkStatus();
  }));
  if (!empty) return absl::OkStatus();

  const std::string password = base::RandomHex(kFirstPasswordBytes);
  Account account;
  account.id = ids.New();
  account.user_name = "operator";
  account.roles = {"operator"};
  account.active = true;
  account.version = 1;
  TJ_ASSIGN_OR_RETURN(account.password_hash, security::HashPassword(password));
  // The file comes first: an account whose password nobody knows could not be made again.
  TJ_TRY(security::WriteDurably(password_path, password + "\n", security::FileMode::kSecret));
  TJ_TRY(database.Write([&](store::Transaction& tx) { return InsertAccount(tx, account); }));
  telemetry::Log(telemetry::Level::kInfo, "first_operator_made",
                 {{"user_name", account.user_name}, {"password_file", password_path}});
  return absl::OkStatus();
}

}  // namespace tongjian::registry
