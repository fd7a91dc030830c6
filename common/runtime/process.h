// A process of modules: opens what they stand on, starts them in order and stops them in reverse.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/config/settings.h"
#include "common/runtime/module.h"
#include "common/runtime/runtime.h"

namespace tongjian::runtime {

// Settings of every process; Describe gives them their names.
struct ProcessOptions {
  std::string state = "/var/lib/tongjian";  // Keys, SQLite files, objects.
  std::string authority = "hub";            // Prefix of ids.
  std::string database;                     // A libpq URL; empty: SQLite files under `state`.
  std::vector<std::string> services;        // Which modules run here; empty: all.
  std::vector<std::string> remote;          // "registry=hub2:7443": where the others are.
  std::string keys;      // Directory of keys the processes of one hub share; empty: <state>/keys.
  std::string ca;        // Directory of `tongjian ca init`; empty: another PKI.
  absl::Duration drain;  // How long to serve on after saying NOT_SERVING.
  absl::Duration grace = absl::Seconds(20);  // What runs at a stop has this long to end.

  std::string listen = "127.0.0.1:7443";  // TLS; empty: none.
  std::string plain_listen;               // Loopback without TLS; empty: none.
  std::string
      certificate;  // PEM; empty with `ca`: issued at the first start, renewed at later ones.
  std::string private_key;
  std::string client_authorities;  // PEM of the roots of clients and of other hub processes.
  std::vector<std::string> names = {"localhost", "127.0.0.1"};  // In the issued certificate.
  bool client_certificate_required = false;
  bool reflection = false;
  bool deadline_required = true;
  int64_t calls_max = 512;
  int64_t calls_per_peer_max = 64;
  int64_t calls_running_max =
      32;  // Of unary calls; 0: all that came. Three quarters of one facility.

  std::string oidc_issuer;  // An outside identity provider whose tokens are believed; empty: none.
  std::string oidc_audience = "tongjian";
  std::string oidc_jwks;                // File with its keys.
  std::vector<std::string> oidc_roles;  // Roles it may give; empty: every person's.

  std::string dicom_address = "127.0.0.1";
  int64_t dicom_port = -1;  // -1: none; 0: any free one.
  std::vector<std::string> dicom_peers = {"127.0.0.0/8", "::1/128"};
  bool dicom_tls = false;  // With the certificate above.
  std::string dicom_ae_title = "TONGJIAN";
  int64_t dicom_associations_max = 64;
  int64_t dicom_associations_per_peer_max = 8;            // From one address.
  absl::Duration dicom_acse_timeout = absl::Seconds(30);  // From a connection to its request.
  absl::Duration dicom_pdu_timeout = absl::Seconds(60);   // From a PDU's first byte to its last.
  absl::Duration dicom_idle_timeout = absl::Seconds(60);  // Between PDUs.

  std::string web_address = "127.0.0.1";
  int64_t web_port = -1;  // HTTP for people and viewers. -1: none; 0: any free one.
  std::vector<std::string> web_peers = {"127.0.0.0/8", "::1/128"};
  bool web_tls = false;  // With the certificate above.
  int64_t web_connections_max = 256;
  int64_t web_connections_per_peer_max = 64;  // From one address.

  config::ByteSize blob_reserve = config::GiB(1);
  config::ByteSize scrub_rate = config::MiB(4);
  absl::Duration feed_keep = absl::Hours(24 * 180);
  absl::Duration feed_calm = absl::Hours(6);
  absl::Duration trail_keep = absl::Hours(24 * 180);
  std::string admin_address = "127.0.0.1";
  int64_t admin_port = 7080;  // -1: none; 0: any free one.
  std::vector<std::string> admin_peers = {"127.0.0.0/8", "::1/128"};
  std::string log_level = "info";
  std::string log_file;

  // Adds them all.
  void Describe(config::Settings& settings);
};

struct Ports {
  int rpc = 0;
  int plain = 0;
  int dicom = 0;
  int admin = 0;
  int web = 0;
};

// Use: Open, Start, (wait for a signal), Stop. From one thread. `clock` must outlive it.
class Process {
 public:
  // Opens keys, certificates, ports' settings; makes the modules. `program`: "hub" or "edge", for
  // the log. Messages name the setting or file at fault and what to do.
  static absl::StatusOr<std::unique_ptr<Process>> Open(const ProcessOptions& options,
                                                       std::string_view program,
                                                       const std::vector<ModuleEntry>& table,
                                                       const base::Clock& clock);
  ~Process();  // Stops.

  // Serves, starts the modules and the DICOM listener, says SERVING. Writes "<state>/ports.json".
  absl::Status Start();
  // Health NOT_SERVING, feeds' waits ended, DICOM accepts stopped, Shutdown with grace, modules in
  // reverse. Twice is once.
  void Stop();

  const Ports& ports() const;
  Runtime& runtime();

 private:
  class Impl;
  explicit Process(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::runtime
