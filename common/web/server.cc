#include "common/web/server.h"

#include <httplib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <thread>
#include <typeinfo>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "common/web/connection.h"
#include "common/web/framing.h"
#include "common/web/router.h"
#include "common/web/workers.h"

namespace tongjian::web {
namespace {

constexpr int kBacklog = 256;

// The connection whose request this thread is at work on.
thread_local Connection* current = nullptr;

class SinkWriter final : public BodyWriter {
 public:
  SinkWriter(httplib::DataSink& sink, int64_t length) : sink_(sink), left_(length) {}

  absl::Status Write(std::string_view bytes) override {
    if (bytes.empty()) return absl::OkStatus();
    const auto size = static_cast<int64_t>(bytes.size());
    if (left_ >= 0 && size > left_) return absl::InternalError("an answer longer than announced");
    if (!sink_.write(bytes.data(), bytes.size()))
      return absl::CancelledError("the client has gone or is too slow");
    if (left_ >= 0) left_ -= size;
    return absl::OkStatus();
  }
  bool complete() const { return left_ <= 0; }

 private:
  httplib::DataSink& sink_;
  int64_t left_;  // -1: not announced.
};

// Runs the stream to its end. False breaks the connection off.
bool RunStream(const std::function<absl::Status(BodyWriter&)>& stream, int64_t length,
               httplib::DataSink& sink) {
  SinkWriter writer(sink, length);
  absl::Status status;
  try {
    status = stream(writer);
  } catch (const std::exception& error) {
    status = absl::InternalError(absl::StrCat("threw ", typeid(error).name()));
  } catch (...) {
    status = absl::InternalError("threw");
  }
  if (status.ok() && length >= 0 && !writer.complete())
    status = absl::InternalError("an answer shorter than announced");
  if (!status.ok() && !absl::IsCancelled(status))
    telemetry::Log(telemetry::Level::kError, "http_answer_broken_off", {{"status", status}});
  if (status.ok() && length < 0) sink.done();
  return status.ok();
}

void Send(Response from, httplib::Response& to) {
  to.status = from.status;
  for (const auto& [name, value] : from.headers) to.set_header(name, value);
  if (from.stream == nullptr || from.length == 0) {
    if (!from.body.empty()) to.set_content(from.body, from.content_type);
    return;
  }
  auto stream = std::make_shared<std::function<absl::Status(BodyWriter&)>>(std::move(from.stream));
  const int64_t length = from.length;
  if (length > 0) {
    to.set_content_provider(static_cast<size_t>(length), from.content_type,
                            [stream, length](size_t, size_t, httplib::DataSink& sink) {
                              return RunStream(*stream, length, sink);
                            });
  } else {
    to.set_chunked_content_provider(from.content_type, [stream](size_t, httplib::DataSink& sink) {
      return RunStream(*stream, -1, sink);
    });
  }
}

}  // namespace

class Server::Impl final : public httplib::Server {
 public:
  Impl(ServerOptions options, TlsContext tls) : options_(std::move(options)), tls_(std::move(tls)) {
    new_task_queue = [this] { return new Workers(options_.limits.connections_max); };
    // Not httplib's SO_REUSEPORT, with which a second process would share the port unnoticed.
    set_socket_options([](int socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    set_keep_alive_max_count(kRequestsPerConnection);
    set_keep_alive_timeout(static_cast<time_t>(absl::ToInt64Seconds(options_.limits.idle_time)));
    set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
    // Before httplib looks at a body: what it would take into memory never gets so far.
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      ++requests_;
      const FramingVerdict verdict = CheckFraming(request, options_.limits.body_bytes_max);
      if (verdict.status == 0) return HandlerResponse::Unhandled;
      Send(TextResponse(verdict.status, verdict.why), response);
      response.set_header("Connection", "close");
      return HandlerResponse::Handled;
    });
    Get(".*", [this](const httplib::Request& request, httplib::Response& response) {
      Handle(request, response, nullptr);
    });
    Post(".*", [this](const httplib::Request& request, httplib::Response& response,
                      const httplib::ContentReader& reader) {
      response.set_header("Connection", "close");
      Handle(request, response, &reader);
    });
  }
  ~Impl() override { StopServing(absl::ZeroDuration()); }

  absl::Status Start() {
    port_ = options_.port == 0                              ? bind_to_any_port(options_.address)
            : bind_to_port(options_.address, options_.port) ? options_.port
                                                            : -1;
    if (port_ <= 0) {
      return absl::UnavailableError(
          absl::StrCat("the web port cannot listen on ", options_.address, ":", options_.port));
    }
    ::listen(svr_sock_, kBacklog);  // httplib's own backlog is 5.
    thread_ = std::thread([this] { listen_after_bind(); });
    // The socket listens already; but this version's stop() is lost on a server that does not run
    // yet.
    while (!is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

  void StopServing(absl::Duration grace) {
    if (!thread_.joinable()) return;
    stopping_ = true;
    stop();
    // Not the wall clock, which may jump.
    const auto until = std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(grace);
    Hang(false);
    while (open_ > 0 && std::chrono::steady_clock::now() < until)
      absl::SleepFor(absl::Milliseconds(5));
    Hang(true);
    thread_.join();
  }

  ServerCounts counts() const { return {open_, accepted_, refused_, requests_}; }
  int port() const { return port_; }
  Router& router() { return router_; }

 private:
  static constexpr size_t kRequestsPerConnection = 10'000;

  bool process_and_close_socket(socket_t socket) override {
    {
      Connection connection(socket, tls_.get(), options_.limits);
      if (Enter(socket, connection.remote_address())) {
        if (!stopping_ && connection.Open()) ServeConnection(socket, connection);
        Leave(socket, connection.remote_address());
      } else {
        ++refused_;
      }
    }
    ::close(socket);
    return true;
  }

  void ServeConnection(int socket, Connection& connection) {
    for (size_t n = 1; n <= kRequestsPerConnection && !stopping_; ++n) {
      SetIdle(socket, true);
      if (!connection.AwaitRequest(options_.limits.idle_time)) return;
      SetIdle(socket, false);
      // A head that cannot be read leaves nothing known of where the next one begins.
      bool closed = false, clear = false;
      current = &connection;
      const bool served = process_request(connection, n == kRequestsPerConnection, closed,
                                          [&](httplib::Request& request) {
                                            connection.HeadIsRead();
                                            request.ranges.clear();
                                            request.headers.erase("Accept-Encoding");
                                            clear = MayGoOnAfter(request);
                                          });
      current = nullptr;
      if (!served || closed || !clear) return;
    }
  }

  // Whether one more of that address may be served.
  bool Enter(int socket, const std::string& address) {
    if (options_.allows != nullptr && !options_.allows(address)) return false;
    const std::lock_guard lock(mutex_);
    int& of_peer = by_peer_[address];
    if (of_peer >= options_.limits.connections_per_peer_max) return false;
    ++of_peer;
    ++open_;
    ++accepted_;
    sockets_[socket] = false;
    return true;
  }

  void Leave(int socket, const std::string& address) {
    const std::lock_guard lock(mutex_);
    sockets_.erase(socket);
    const auto of_peer = by_peer_.find(address);
    if (--of_peer->second == 0) by_peer_.erase(of_peer);
    --open_;
  }

  void SetIdle(int socket, bool idle) {
    const std::lock_guard lock(mutex_);
    sockets_[socket] = idle;
    if (idle && stopping_) ::shutdown(socket, SHUT_RDWR);
  }

  // Wakes the threads of idle connections, or of all.
  void Hang(bool all) {
    const std::lock_guard lock(mutex_);
    for (const auto& [socket, idle] : sockets_) {
      if (all || idle) ::shutdown(socket, SHUT_RDWR);
    }
  }

  void Handle(const httplib::Request& from, httplib::Response& to,
              const httplib::ContentReader* reader) {
    Response response;
    try {
      response = Answer(from, reader);
    } catch (const std::exception& error) {
      // Its what() may hold anything, so it is not kept.
      telemetry::Log(telemetry::Level::kError, "http_handler_threw",
                     {{"type", typeid(error).name()}});
      response = TextResponse(500, "a fault on our side");
    } catch (...) {
      telemetry::Log(telemetry::Level::kError, "http_handler_threw");
      response = TextResponse(500, "a fault on our side");
    }
    Send(std::move(response), to);
  }

  Response Answer(const httplib::Request& from, const httplib::ContentReader* reader) {
    Request request;
    bool other_method = false;
    request.method = from.method == "HEAD" ? "GET" : from.method;
    const web::Server::Handler* const handler =
        router_.Find(request.method, from.path, &request.arguments, &other_method);
    if (handler == nullptr) {
      return other_method ? TextResponse(405, "not by this method")
                          : TextResponse(404, "there is nothing here");
    }
    TJ_CHECK(current != nullptr);
    request.path = from.path;
    request.query.assign(from.params.begin(), from.params.end());
    request.remote_address = current->remote_address();
    request.certificate_pem = current->PeerCertificatePem();
    request.origin = OriginOf(from, current->secure());
    request.headers = [&from](std::string_view name) {
      std::vector<std::string> values;
      const auto [first, last] = from.headers.equal_range(std::string(name));
      for (auto at = first; at != last; ++at) values.push_back(at->second);
      return values;
    };
    request.body = [&](absl::FunctionRef<absl::Status(std::string_view)> take) {
      return ReadBody(reader, options_.limits.body_bytes_max, take);
    };
    return (*handler)(request);
  }

  const ServerOptions options_;
  const TlsContext tls_;
  Router router_;
  int port_ = 0;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> open_{0}, accepted_{0}, refused_{0}, requests_{0};
  std::mutex mutex_;
  std::map<int, bool> sockets_;         // Open ones; whether they wait for a request.
  std::map<std::string, int> by_peer_;  // Open ones of an address.
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

absl::StatusOr<std::unique_ptr<Server>> Server::Create(ServerOptions options) {
  const ServerLimits& limits = options.limits;
  if (limits.connections_max < 1 || limits.connections_max > 4096)
    return base::InvalidField("connections_max", "must be 1 to 4096");
  TlsContext tls;
  if (options.tls) {
    TJ_ASSIGN_OR_RETURN(tls, MakeTlsContext(*options.tls));
  }
  return std::unique_ptr<Server>(
      new Server(std::make_unique<Impl>(std::move(options), std::move(tls))));
}

void Server::Route(std::string_view method, std::string_view pattern, Handler handler) {
  impl_->router().Add(method, pattern, std::move(handler));
}
bool Server::any_route() const { return !impl_->router().empty(); }
absl::Status Server::Start() { return impl_->Start(); }
int Server::port() const { return impl_->port(); }
void Server::Stop(absl::Duration grace) { impl_->StopServing(grace); }
ServerCounts Server::counts() const { return impl_->counts(); }

}  // namespace tongjian::web
