#include "services/registry/account_store.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/record_store.h"

namespace tongjian::registry {
namespace {

#define TJ_ACCOUNT_COLUMNS                                                                       \
  "select id, user_name, facility_id, practitioner_id, roles, active, password_hash, failures, " \
  "locked_until, version, tokens_from from accounts "

Account AccountOf(const store::Row& row) {
  Account account;
  account.id = row.Text(0);
  account.user_name = row.Text(1);
  account.facility_id = row.Text(2);
  account.practitioner_id = row.Text(3);
  account.roles = absl::StrSplit(row.Text(4), ',', absl::SkipEmpty());
  account.active = row.Bool(5);
  account.password_hash = row.Text(6);
  account.failures = row.Int(7);
  account.locked_until = row.OptionalTime(8).value_or(absl::InfinitePast());
  account.version = row.Int(9);
  account.tokens_from = row.Time(10);
  return account;
}

std::optional<absl::Time> LockOf(const Account& account) {
  if (account.locked_until == absl::InfinitePast()) return std::nullopt;
  return account.locked_until;
}

bool Within(const security::Scope& scope, const Account& account) {
  return scope.all() || scope.Contains(account.facility_id);
}

}  // namespace

absl::StatusOr<std::optional<Account>> FindAccount(store::Session& session,
                                                   const security::Scope& scope,
                                                   std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne(TJ_ACCOUNT_COLUMNS "where id = :id", id));
  if (!row) return std::nullopt;
  Account account = AccountOf(*row);
  if (!Within(scope, account)) return std::nullopt;
  return account;
}

absl::StatusOr<std::optional<Account>> FindAccountByName(store::Session& session,
                                                         std::string_view user_name) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(TJ_ACCOUNT_COLUMNS "where user_name = :user_name", user_name));
  if (!row) return std::nullopt;
  return AccountOf(*row);
}

absl::StatusOr<bool> OnlyClosedAccounts(store::Session& session, std::string_view practitioner_id) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne("select active from accounts where practitioner_id = :practitioner_id "
                       "order by practitioner_id desc, active desc limit 1",
                       practitioner_id));
  return row.has_value() && !row->Bool(0);
}

absl::StatusOr<std::vector<Account>> ListAccounts(store::Session& session,
                                                  const security::Scope& scope,
                                                  std::string_view facility_id,
                                                  std::string_view after, int64_t limit) {
  constexpr std::string_view kAll = TJ_ACCOUNT_COLUMNS "where id > :after order by id limit :limit";
  constexpr std::string_view kOfFacility = TJ_ACCOUNT_COLUMNS
      "where facility_id = :facility_id and id > :after order by id limit :limit";
  // Who reaches one facility alone gets that one's without asking for it.
  std::string facility(facility_id);
  if (!scope.all()) {
    if (facility.empty() && scope.facilities().size() == 1) facility = scope.facilities().front();
    if (!scope.Contains(facility)) return std::vector<Account>();
  }
  TJ_ASSIGN_OR_RETURN(const auto rows, facility.empty()
                                           ? session.Query(kAll, after, limit)
                                           : session.Query(kOfFacility, facility, after, limit));
  std::vector<Account> accounts;
  for (const store::Row& row : rows) accounts.push_back(AccountOf(row));
  return accounts;
}

absl::Status InsertAccount(store::Transaction& tx, const Account& account) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t added,
      tx.Execute(
          "insert into accounts (id, user_name, facility_id, practitioner_id, roles, active, "
          "password_hash, "
          "failures, locked_until, version) values (:id, :user_name, :facility_id, "
          ":practitioner_id, :roles, "
          ":active, :password_hash, :failures, :locked_until, :version) on conflict do nothing",
          account.id, account.user_name, account.facility_id, account.practitioner_id,
          absl::StrJoin(account.roles, ","), account.active, account.password_hash,
          account.failures, LockOf(account), account.version));
  if (added == 1) return absl::OkStatus();
  return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "account.user_name",
                     "another account has this user name");
}

absl::Status UpdateAccount(store::Transaction& tx, const Account& account) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute("update accounts set facility_id = :facility_id, practitioner_id = "
                 ":practitioner_id, roles = :roles, "
                 "active = :active, password_hash = :password_hash, failures = :failures, "
                 "locked_until = :locked_until, tokens_from = :tokens_from, version = "
                 ":version_after where id = :id and "
                 "version = :version",
                 account.facility_id, account.practitioner_id, absl::StrJoin(account.roles, ","),
                 account.active, account.password_hash, account.failures, LockOf(account),
                 account.tokens_from, account.version + 1, account.id, account.version));
  return changed == 1 ? absl::OkStatus() : EtagMismatch();
}

absl::Status UpdateLogIn(store::Transaction& tx, const Account& account) {
  return tx
      .Execute(
          "update accounts set failures = :failures, locked_until = :locked_until, "
          "password_hash = :password_hash where id = :id",
          account.failures, LockOf(account), account.password_hash, account.id)
      .status();
}

absl::Status CountUnknownName(store::Transaction& tx) {
  return tx
      .Execute(
          "insert into unknown_log_ins (id, attempts) values ('all', 1) "
          "on conflict (id) do update set attempts = unknown_log_ins.attempts + 1")
      .status();
}

#undef TJ_ACCOUNT_COLUMNS

}  // namespace tongjian::registry
