#include "common/rpc/host.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/text.h"
#include "common/rpc/tls_files.h"

namespace tongjian::rpc {
namespace {

constexpr int kKeepaliveMs = 60'000;
constexpr int kKeepaliveTimeoutMs = 20'000;
constexpr int kPingIntervalMinMs = 30'000;
constexpr int kPingStrikesMax = 2;

int Ms(absl::Duration duration) { return static_cast<int>(absl::ToInt64Milliseconds(duration)); }

// domain/hostile-inputs-and-promises 4.4. No cap on threads: calls between services would starve
// each other.
void SetLimits(const HostOptions& options, grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(static_cast<int>(options.message_bytes_max));
  builder.SetMaxSendMessageSize(static_cast<int>(options.message_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                             static_cast<int>(options.metadata_bytes_max));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                             static_cast<int>(options.streams_per_connection_max));
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Ms(options.handshake_timeout));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Ms(options.connection_idle));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, Ms(options.connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS,
                             Ms(options.connection_age_grace));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kPingIntervalMinMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, kPingStrikesMax);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT,
                             0);  // A second process on the port is an error, not a partner.
  grpc::ResourceQuota quota("connections");
  quota.Resize(static_cast<size_t>(options.memory_bytes_max));
  builder.SetResourceQuota(quota);
}

absl::Status AddPorts(const HostOptions& options, grpc::ServerBuilder& builder, int* port,
                      int* plain_port) {
  if (!options.address.empty()) {
    absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> tls =
        ServerTls(options.files, options.client_certificate_required, options.files_refresh);
    if (!tls.ok()) {
      return absl::FailedPreconditionError(
          absl::StrCat("no TLS for ", options.address, ": ", tls.status().message()));
    }
    builder.AddListeningPort(options.address, *tls, port);
  }
  if (!options.plain_address.empty()) {
    if (!IsLoopback(options.plain_address)) {
      return absl::FailedPreconditionError(
          absl::StrCat("refusing to serve ", options.plain_address,
                       " without TLS: only loopback addresses may"));
    }
    builder.AddListeningPort(options.plain_address, grpc::InsecureServerCredentials(), plain_port);
  }
  return absl::OkStatus();
}

}  // namespace

ServerHost::ServerHost(HostOptions options, Gate& gate)
    : options_(std::move(options)), gate_(gate) {}

ServerHost::~ServerHost() { Shutdown(absl::ZeroDuration()); }

absl::Status ServerHost::RegisterAs(std::string_view name, grpc::Service& service) {
  TJ_CHECK(server_ == nullptr);
  TJ_TRY(gate_.Register(name));
  services_.push_back(&service);
  return absl::OkStatus();
}

absl::Status ServerHost::Start() {
  TJ_CHECK(server_ == nullptr);
  grpc::EnableDefaultHealthCheckService(true);
  if (options_.reflection) grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetLimits(options_, builder);
  TJ_TRY(AddPorts(options_, builder, &port_, &plain_port_));
  for (grpc::Service* service : services_) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  const bool bound = server_ != nullptr && (options_.address.empty() || port_ > 0) &&
                     (options_.plain_address.empty() || plain_port_ > 0);
  if (!bound) {
    server_.reset();
    return absl::UnavailableError(absl::StrCat("cannot listen on \"", options_.address, "\" and \"",
                                               options_.plain_address, "\""));
  }
  SetServing(false);
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> ServerHost::InProcessChannel() const {
  if (server_ == nullptr) return nullptr;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(options_.message_bytes_max));
  return server_->InProcessChannel(arguments);
}

void ServerHost::SetServing(bool serving) {
  if (server_ != nullptr) server_->GetHealthCheckService()->SetServingStatus(serving);
}

void ServerHost::Shutdown(absl::Duration grace) {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + absl::ToChronoMilliseconds(grace));
  server_->Wait();
  server_.reset();  // Returns when the last sync handler has; after its deadline Shutdown alone
                    // does not wait for them.
}

}  // namespace tongjian::rpc
