// The operator's HTTP port: metrics and health, nothing about patients.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/telemetry/metrics.h"

namespace tongjian::web {

struct AdminOptions {
  std::string address = "127.0.0.1";  // Beyond loopback it needs `allows`: it has no password.
  int port = 0;                       // 0: any free one.
  int threads = 2;                    // 1 to 16.
  std::string version = {};           // What /version says.
  // Whether a numeric peer address may ask; others get 403. Null: all may.
  std::function<bool(const std::string& address)> allows = nullptr;
};

// Something that must hold before traffic is sent here. `check` is called from the server's threads
// and must be quick.
struct Probe {
  std::string name;
  std::function<absl::Status()> check;
};

// Serves GET /metrics (Prometheus text), /healthz (the process lives), /readyz (every probe holds:
// 200, else 503 with the names of those that fail) and /version. `registry` and what the probes use
// must outlive it. Stops when destroyed.
class AdminServer {
 public:
  // UNAVAILABLE when the address or port cannot be had. Answers are served when this returns.
  static absl::StatusOr<std::unique_ptr<AdminServer>> Start(const AdminOptions& options,
                                                            const telemetry::Registry& registry,
                                                            std::vector<Probe> probes = {});
  ~AdminServer();

  int port() const;
  // /readyz says 503 from now on: the first step of a graceful stop.
  void StopAdvertising();
  // Ends open connections and joins the threads. May be called twice.
  void Stop();

 private:
  class Impl;
  explicit AdminServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::web
