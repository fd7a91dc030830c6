#include "common/runtime/web_port.h"

#include "common/base/status.h"
#include "common/dicom/peer_list.h"

namespace tongjian::runtime {

absl::StatusOr<std::unique_ptr<web::Server>> MakeWebServer(const ProcessOptions& options,
                                                           const security::CredentialFiles& files) {
  if (options.web_port < 0) return nullptr;
  web::ServerOptions server;
  server.address = options.web_address;
  server.port = static_cast<int>(options.web_port);
  server.limits.connections_max = static_cast<int>(options.web_connections_max);
  server.limits.connections_per_peer_max = static_cast<int>(options.web_connections_per_peer_max);
  if (options.web_tls) {
    if (files.certificate_chain.empty()) {
      return absl::FailedPreconditionError(
          "web.tls needs rpc.certificate and rpc.private-key, or ca");
    }
    server.tls = web::TlsFiles{.certificate = files.certificate_chain,
                               .key = files.private_key,
                               .authorities = files.authorities};
  }
  TJ_ASSIGN_OR_RETURN(dicom::PeerList peers, dicom::PeerList::Parse(options.web_peers));
  // With TLS the list is empty unless somebody wrote one: then everybody may knock, and the door
  // decides.
  if (!options.web_peers.empty() || !options.web_tls) {
    server.allows = [peers = std::move(peers)](const std::string& address) {
      return peers.Allows(address);
    };
  }
  return web::Server::Create(std::move(server));
}

std::vector<telemetry::Registry::Watch> WatchWeb(web::Server& server,
                                                 telemetry::Registry& metrics) {
  std::vector<telemetry::Registry::Watch> watches;
  const auto watch = [&](std::string_view name, std::string_view help,
                         int64_t web::ServerCounts::*count) {
    watches.push_back(metrics.WatchGauge(
        name, help, {}, [&server, count] { return static_cast<double>(server.counts().*count); }));
  };
  using Counts = web::ServerCounts;
  watch("tongjian_web_connections", "Open HTTP connections", &Counts::connections);
  watch("tongjian_web_accepted", "HTTP connections since the start", &Counts::accepted);
  watch("tongjian_web_refused", "HTTP connections refused since the start", &Counts::refused);
  watch("tongjian_web_requests", "HTTP requests since the start", &Counts::requests);
  return watches;
}

}  // namespace tongjian::runtime
