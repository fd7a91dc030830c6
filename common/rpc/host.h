// The gRPC server of a process.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/gate.h"
#include "common/security/tls.h"

namespace grpc {
class Channel;
class Server;
class Service;
}  // namespace grpc

namespace tongjian::rpc {

struct HostOptions {
  std::string address;  // Of the TLS port, "0.0.0.0:7443", port 0 for any free one; empty: none.
  security::CredentialFiles files;
  // How soon renewed files are noticed, without a restart; whole seconds.
  absl::Duration files_refresh = absl::Seconds(20);
  // Whether a client without a certificate is turned away in the handshake. Gateways enroll without
  // one, and people's tokens may come without; either way a certificate that is shown must hold.
  bool client_certificate_required = false;
  std::string plain_address;  // A port without TLS, loopback only, to try things; empty: none.
  bool reflection = false;

  // Limits against hostile peers.
  int64_t message_bytes_max = 4 << 20;
  int64_t metadata_bytes_max = 8 << 10;
  int64_t streams_per_connection_max = 100;
  absl::Duration handshake_timeout = absl::Seconds(10);
  absl::Duration connection_idle = absl::Minutes(5);
  absl::Duration connection_age = absl::Minutes(30);
  absl::Duration connection_age_grace = absl::Seconds(60);
  int64_t memory_bytes_max = 256 << 20;  // Of all connections' buffers.
};

// Registers services, serves them on its ports and to the process itself. Not for concurrent use,
// except InProcessChannel and SetServing. `gate` and the services must outlive it; destroy it
// before what handlers use.
class ServerHost {
 public:
  ServerHost(HostOptions options, Gate& gate);
  ~ServerHost();  // Shuts down with no grace.

  // Before Start. FAILED_PRECONDITION when a method lacks its access option (see Gate::Register).
  //   TJ_TRY(host.Register<pb::OrderService>(orders_grpc));
  template <class Generated>
  absl::Status Register(grpc::Service& service) {
    return RegisterAs(Generated::service_full_name(), service);
  }

  // Binds and serves; health says NOT_SERVING until SetServing(true). FAILED_PRECONDITION, saying
  // why: TLS files missing or unfit, an address beyond loopback without TLS. UNAVAILABLE when a
  // port cannot be bound.
  absl::Status Start();

  int port() const { return port_; }  // 0 when there is no such port.
  int plain_port() const { return plain_port_; }

  // The rules of all registered methods.
  const AccessTable& rules() const { return gate_.rules(); }

  // A channel to the services of this process; after Start.
  std::shared_ptr<grpc::Channel> InProcessChannel() const;

  // What grpc.health.v1 answers: the first step of a stop is SetServing(false), the second
  // Shutdown. Calls that run at Shutdown get `grace` to end, then they are cancelled; on return no
  // handler runs any more. Never from a handler.
  void SetServing(bool serving);
  void Shutdown(absl::Duration grace);

 private:
  absl::Status RegisterAs(std::string_view name, grpc::Service& service);

  const HostOptions options_;
  Gate& gate_;
  std::vector<grpc::Service*> services_;
  std::unique_ptr<grpc::Server> server_;
  int port_ = 0;
  int plain_port_ = 0;
};

}  // namespace tongjian::rpc
