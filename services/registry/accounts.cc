#include "services/registry/accounts.h"

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/account_store.h"
#include "services/registry/directory.h"
#include "services/registry/kinds.h"
#include "services/registry/record_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::registry {
namespace {

absl::Status CheckWithin(store::Session& session, const security::Scope& scope,
                         const Account& account) {
  TJ_TRY(CheckAccount(account));
  if (!scope.all() && !scope.Contains(account.facility_id)) return base::NotFound("facility");
  if (!account.facility_id.empty()) {
    TJ_ASSIGN_OR_RETURN(const bool there,
                        Directory::Exists<pb::Facility>(session, account.facility_id));
    if (!there) return base::InvalidField("account.facility_id", "no such facility");
  }
  if (!account.practitioner_id.empty()) {
    TJ_ASSIGN_OR_RETURN(const bool there,
                        Directory::Exists<pb::Practitioner>(session, account.practitioner_id));
    if (!there) return base::InvalidField("account.practitioner_id", "no such practitioner");
  }
  return absl::OkStatus();
}

// To every service's door. Roles and names are nobody else's matter.
void Announce(store::Transaction& tx, const Account& account) {
  events::v1::AccountChanged changed;
  changed.set_account_id(account.id);
  changed.set_active(account.active);
  *changed.mutable_tokens_from() = rpc::ToProto(account.tokens_from);
  tx.Emit(feed::MakeEvent("registry", account.id, {}, changed));
}

}  // namespace

absl::StatusOr<Account> Accounts::Create(store::Transaction& tx, const security::Scope& scope,
                                         Account account) const {
  account.id = ids_.New();
  account.version = 1;
  TJ_TRY(CheckWithin(tx, scope, account));
  TJ_TRY(InsertAccount(tx, account));
  return account;
}

absl::StatusOr<Account> Accounts::Update(store::Transaction& tx, const security::Scope& scope,
                                         const Account& wanted) const {
  TJ_ASSIGN_OR_RETURN(auto found, FindAccount(tx, scope, wanted.id));
  if (!found) return base::NotFound("account");
  Account account = *found;
  if (account.version != wanted.version) return EtagMismatch();
  account.facility_id = wanted.facility_id;
  account.practitioner_id = wanted.practitioner_id;
  account.roles = wanted.roles;
  account.active = wanted.active;
  if (!wanted.password_hash.empty()) {
    account.password_hash = wanted.password_hash;
    CountSuccess(&account);
  }
  TJ_TRY(CheckWithin(tx, scope, account));
  const bool voids = VoidsTokens(*found, account);
  if (voids) account.tokens_from = tx.Now();
  TJ_TRY(UpdateAccount(tx, account));
  if (voids) Announce(tx, account);
  ++account.version;
  return account;
}

}  // namespace tongjian::registry
