// A bounded HTTP/1.1 server: routes, limits, deadlines, TLS. Who may ask what is the handlers'
// matter (door.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/web/http.h"

namespace tongjian::web {

// PEM files. With authorities a client's certificate is asked for, and one that is shown must hold.
struct TlsFiles {
  std::string certificate;
  std::string key;
  std::string authorities;
};

struct ServerLimits {
  int connections_max = 256;          // Each has a thread while it is open.
  int connections_per_peer_max = 64;  // Of one address; more are closed at once.
  size_t head_bytes_max = 16384;      // Request line and headers.
  absl::Duration head_time =
      absl::Seconds(10);  // From a request's first byte to its last header; of a TLS handshake.
  absl::Duration idle_time = absl::Seconds(15);   // Between requests.
  absl::Duration stall_time = absl::Seconds(30);  // Without one byte, either way.
  int64_t body_bytes_max = int64_t{64} << 30;     // Of a request.
};

struct ServerOptions {
  std::string address = "127.0.0.1";
  int port = 0;  // 0: any free one.
  std::optional<TlsFiles> tls;
  // Whether a numeric address may connect; others are hung up on. Null: all may.
  std::function<bool(const std::string& address)> allows = nullptr;
  ServerLimits limits;
};

struct ServerCounts {
  int64_t connections = 0;  // Open.
  int64_t accepted = 0;     // Since the start.
  int64_t refused = 0;      // For their address, or too many of it.
  int64_t requests = 0;
};

// Serves what was routed. A body is taken only by routes of POST; other methods than GET, HEAD and
// POST are answered 405, and a request whose framing is doubtful (two lengths, a body where none
// belongs, compressed) is refused and its connection closed, as is every connection behind a body.
// Nothing is cached by clients, and nothing is open to pages of other origins.
class Server {
 public:
  using Handler = std::function<Response(const Request&)>;

  // INVALID_ARGUMENT where a TLS file cannot be used or a limit makes no sense.
  static absl::StatusOr<std::unique_ptr<Server>> Create(ServerOptions options);
  ~Server();  // Stops at once.

  // Before Start. `pattern`: "/studies/{}/series"; {} stands for one part of the path, {*} at the
  // end for what is left of it. Handlers run on several threads at once; an exception of one
  // becomes 500.
  void Route(std::string_view method, std::string_view pattern, Handler handler);
  bool any_route() const;

  // UNAVAILABLE when the address or port cannot be had. Requests are served when this returns.
  absl::Status Start();
  int port() const;
  // Accepts no more, lets what runs go on for `grace`, then breaks it off. Twice is once.
  void Stop(absl::Duration grace);
  ServerCounts counts() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::web
