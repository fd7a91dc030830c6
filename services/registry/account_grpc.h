// The wire adapter of tongjian.registry.v1.AccountService.
#pragma once

#include "common/security/void_tokens.h"
#include "services/registry/accounts.h"
#include "services/registry/adapter.h"
#include "services/registry/log_in.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class AccountGrpc final : public v1::AccountService::Service {
 public:
  // `void_tokens`: of this process's own door, which need not wait for the news.
  AccountGrpc(const Port& port, const Accounts& accounts, LogIns& log_ins,
              security::VoidTokens& void_tokens)
      : port_(port), accounts_(accounts), log_ins_(log_ins), void_tokens_(void_tokens) {}

  grpc::Status CreateAccount(grpc::ServerContext* context, const v1::CreateAccountRequest* request,
                             v1::Account* response) override;
  grpc::Status ListAccounts(grpc::ServerContext* context, const v1::ListAccountsRequest* request,
                            v1::ListAccountsResponse* response) override;
  grpc::Status UpdateAccount(grpc::ServerContext* context, const v1::UpdateAccountRequest* request,
                             v1::Account* response) override;
  grpc::Status LogIn(grpc::ServerContext* context, const v1::LogInRequest* request,
                     v1::LogInResponse* response) override;

 private:
  // From here on this process's own door refuses what the account's last change made void.
  absl::Status VoidEarlierTokens(const std::string& account_id) const;

  const Port port_;
  const Accounts& accounts_;
  LogIns& log_ins_;
  security::VoidTokens& void_tokens_;
};

}  // namespace tongjian::registry
