#include "services/registry/account_grpc.h"

#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/security/password.h"
#include "services/registry/account_store.h"

namespace tongjian::registry {
namespace {

v1::Account Encode(const Account& account) {
  v1::Account out;
  out.set_id(account.id);
  out.set_user_name(account.user_name);
  out.set_facility_id(account.facility_id);
  out.set_practitioner_id(account.practitioner_id);
  for (const std::string& role : account.roles) out.add_roles(role);
  out.set_active(account.active);
  if (account.locked_until != absl::InfinitePast())
    *out.mutable_locked_until() = rpc::ToProto(account.locked_until);
  out.set_etag(absl::StrCat(account.version));
  return out;
}

Account Decode(const v1::Account& account) {
  Account out;
  out.id = account.id();
  out.user_name = account.user_name();
  out.facility_id = account.facility_id();
  out.practitioner_id = account.practitioner_id();
  out.roles.assign(account.roles().begin(), account.roles().end());
  out.active = account.active();
  return out;
}

// The hash of a new password that is good enough.
absl::StatusOr<std::string> NewHash(const std::string& password, const std::string& user_name) {
  if (auto status = security::CheckPasswordPolicy(password, user_name); !status.ok()) {
    return base::InvalidField("password", std::string(status.message()));
  }
  return security::HashPassword(password);
}

}  // namespace

grpc::Status AccountGrpc::CreateAccount(grpc::ServerContext* context,
                                        const v1::CreateAccountRequest* request,
                                        v1::Account* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.AccountService/CreateAccount",
      [&](rpc::Call& call) -> absl::Status {
        Account account = Decode(request->account());
        TJ_ASSIGN_OR_RETURN(account.password_hash, NewHash(request->password(), account.user_name));
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(const Account created, accounts_.Create(tx, call.scope(), account));
          *response = Encode(created);
          return absl::OkStatus();
        });
      });
}

grpc::Status AccountGrpc::ListAccounts(grpc::ServerContext* context,
                                       const v1::ListAccountsRequest* request,
                                       v1::ListAccountsResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.AccountService/ListAccounts",
      [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request));
        return port_.database.Read([&](store::Session& session) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(auto found,
                              registry::ListAccounts(session, call.scope(), request->facility_id(),
                                                     page.after(), page.size() + 1));
          const bool more = static_cast<int64_t>(found.size()) > page.size();
          if (more) found.pop_back();
          if (more) response->set_next_page_token(page.TokenAfter(found.back().id));
          for (const Account& account : found) *response->add_accounts() = Encode(account);
          return absl::OkStatus();
        });
      });
}

grpc::Status AccountGrpc::UpdateAccount(grpc::ServerContext* context,
                                        const v1::UpdateAccountRequest* request,
                                        v1::Account* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.AccountService/UpdateAccount",
      [&](rpc::Call& call) -> absl::Status {
        Account wanted = Decode(request->account());
        if (!absl::SimpleAtoi(request->account().etag(), &wanted.version)) {
          return base::InvalidField("account.etag", "an update names the etag it was decided on");
        }
        if (!request->password().empty()) {
          TJ_ASSIGN_OR_RETURN(wanted.password_hash, NewHash(request->password(), wanted.user_name));
        }
        const auto update = [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(const Account updated, accounts_.Update(tx, call.scope(), wanted));
          *response = Encode(updated);
          return absl::OkStatus();
        };
        TJ_TRY(Mutate(port_, call, *request, response, update));
        // Read anew: a repeated call is answered from memory and updates nothing.
        return VoidEarlierTokens(response->id());
      });
}

absl::Status AccountGrpc::VoidEarlierTokens(const std::string& account_id) const {
  return port_.database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::optional<Account> account,
                        FindAccount(session, security::Scope::Service(), account_id));
    if (account) void_tokens_.Set(account->id, account->tokens_from);
    return absl::OkStatus();
  });
}

grpc::Status AccountGrpc::LogIn(grpc::ServerContext* context, const v1::LogInRequest* request,
                                v1::LogInResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.AccountService/LogIn", [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(LoggedIn logged_in,
                            log_ins_.LogIn(request->user_name(), request->password()));
        call.trail().TouchObject(logged_in.account.id);
        response->set_token(std::move(logged_in.token));
        *response->mutable_expire_time() = rpc::ToProto(logged_in.expiry);
        *response->mutable_account() = Encode(logged_in.account);
        return port_.database.Write(
            [&](store::Transaction& tx) { return call.trail().WriteIn(tx); });
      });
}

}  // namespace tongjian::registry
