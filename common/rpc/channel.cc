#include "common/rpc/channel.h"

#include <grpcpp/create_channel.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/behalf.h"
#include "common/rpc/identity.h"
#include "common/rpc/text.h"
#include "common/rpc/tls_files.h"
#include "common/security/principal.h"
#include "common/telemetry/log.h"

namespace tongjian::rpc {
namespace {

// A peer that is gone without a word is noticed within a minute; servers allow a ping in 30 s.
constexpr int kKeepaliveMs = 35'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kReconnectFirstMs = 200;
// What gRPC calls the least backoff is how long one attempt may take, handshake included: on a slow
// link or a busy machine that is seconds. As long as servers wait for it.
constexpr int kConnectWithinMs = 10'000;

grpc::ChannelArguments ArgumentsOf(const ChannelOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectFirstMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectWithinMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS,
                   static_cast<int>(absl::ToInt64Milliseconds(options.reconnect_max)));
  // Trust and addresses come from our settings alone, never from DNS records or an environment's
  // proxy.
  arguments.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  if (!options.server_name.empty()) arguments.SetSslTargetNameOverride(options.server_name);
  return arguments;
}

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const ChannelOptions& options) {
  if (options.plaintext) {
    if (!IsLoopback(options.address)) {
      return absl::InvalidArgumentError(
          absl::StrCat("no TLS to ", options.address, ": only loopback may go without"));
    }
    return grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(),
                                     ArgumentsOf(options));
  }
  TJ_ASSIGN_OR_RETURN(const auto credentials, ClientTls(options.files, options.files_refresh));
  return grpc::CreateCustomChannel(options.address, credentials, ArgumentsOf(options));
}

OutgoingIdentity OutgoingIdentity::Service(const security::Principals& principals,
                                           std::string_view service) {
  OutgoingIdentity identity;
  identity.principals_ = &principals;
  identity.service_ = std::string(service);
  return identity;
}

OutgoingIdentity OutgoingIdentity::Machine() { return {}; }

OutgoingIdentity OutgoingIdentity::Person(std::string token) {
  OutgoingIdentity identity;
  identity.token_ = std::move(token);
  return identity;
}

void OutgoingIdentity::AddTo(grpc::ClientContext& context, const security::Caller* behalf,
                             std::string_view request_id) const {
  if (principals_ != nullptr) {
    context.AddMetadata(security::kPrincipalMetadata,
                        principals_->Sign(service_, behalf, request_id));
  } else if (!token_.empty()) {
    context.AddMetadata(kAuthorizationMetadata, absl::StrCat("Bearer ", token_));
  } else if (behalf != nullptr) {
    context.AddMetadata(kBehalfMetadata, FormatBehalf(security::Originator(*behalf)));
  }
}

ClientCall::ClientCall(const OutgoingIdentity& identity, const CallOptions& options)
    : request_id_(!options.request_id.empty() ? options.request_id
                                              : telemetry::CurrentRequestId()) {
  if (request_id_.empty()) request_id_ = telemetry::NewRequestId();
  if (options.timeout < absl::InfiniteDuration()) {
    context_.set_deadline(std::chrono::system_clock::now() +
                          absl::ToChronoMilliseconds(options.timeout));
  }
  context_.set_wait_for_ready(options.wait_for_ready);
  context_.AddMetadata(kRequestIdMetadata, request_id_);
  identity.AddTo(context_, options.behalf, request_id_);
}

}  // namespace tongjian::rpc
