// Calls to other services: channels, and what every call carries.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/status.h"
#include "common/security/caller.h"
#include "common/security/tls.h"

namespace tongjian::security {
class Principals;
}

namespace tongjian::rpc {

struct ChannelOptions {
  std::string address;  // "hub.example:7443", "dns:///...".
  // Own certificate; renewed files are noticed and used for the next connection. Without a
  // certificate the channel only checks the server.
  security::CredentialFiles files;
  absl::Duration files_refresh = absl::Seconds(20);
  // Name to expect in the server's certificate, where it is not the address's.
  std::string server_name;
  bool plaintext = false;                            // Loopback only.
  absl::Duration reconnect_max = absl::Seconds(20);  // Longest pause between attempts.
};

// Connects on the first call and again whenever needed; each channel has a connection of its own,
// so that bulk on one does not hold up another. FAILED_PRECONDITION when a file is missing or does
// not fit, INVALID_ARGUMENT for plaintext to an address that is not loopback.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const ChannelOptions& options);

// Gives the channel to a service once it can be had: in one process that is after the server has
// started, later than modules are made. Ask it when calling, not before.
using ChannelSource = std::function<std::shared_ptr<grpc::Channel>()>;

// What a process says about itself on its calls. A plain value; `principals` must outlive it.
class OutgoingIdentity {
 public:
  // A service of the hub: a signed principal, with the caller it acts for.
  static OutgoingIdentity Service(const security::Principals& principals, std::string_view service);
  // A gateway or HIS: the channel's certificate says who it is, metadata says for whom it asks.
  static OutgoingIdentity Machine();
  // A person: a bearer token.
  static OutgoingIdentity Person(std::string token);

  // Adds the metadata to a call. `behalf` may be null.
  void AddTo(grpc::ClientContext& context, const security::Caller* behalf,
             std::string_view request_id) const;

 private:
  OutgoingIdentity() = default;
  const security::Principals* principals_ = nullptr;
  std::string service_;
  std::string token_;
};

struct CallOptions {
  absl::Duration timeout = absl::Seconds(10);  // The deadline; InfiniteDuration for streams alone.
  const security::Caller* behalf =
      nullptr;             // For whom; null: own work. Needed only while the ClientCall is made.
  std::string request_id;  // Empty: the thread's (telemetry::RequestScope), else a new one.
  bool wait_for_ready = false;  // Wait for a connection instead of failing at once.
};

// One outgoing call.
//   rpc::ClientCall out(identity_, {.timeout = call.TimeLeft(kTimeout), .behalf = &call.caller()});
//   TJ_TRY(out.Result(stub_->GetPatient(out.context(), request, &patient)));
class ClientCall {
 public:
  ClientCall(const OutgoingIdentity& identity, const CallOptions& options);

  grpc::ClientContext* context() { return &context_; }
  const std::string& request_id() const { return request_id_; }
  // The status with the other side's reason and field.
  absl::Status Result(const grpc::Status& status) const { return FromGrpc(status); }

 private:
  grpc::ClientContext context_;
  std::string request_id_;
};

}  // namespace tongjian::rpc
