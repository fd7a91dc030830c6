#include "common/web/admin.h"

#include <httplib.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/web/workers.h"

namespace tongjian::web {
namespace {

constexpr char kText[] = "text/plain; charset=utf-8";
constexpr char kMetricsText[] = "text/plain; version=0.0.4; charset=utf-8";
constexpr int kThreadsMax = 16;
constexpr size_t kRequestBytesMax = 4096;
constexpr time_t kIdleSeconds = 2;

}  // namespace

class AdminServer::Impl {
 public:
  Impl(const AdminOptions& options, const telemetry::Registry& registry, std::vector<Probe> probes)
      : options_(options), registry_(registry), probes_(std::move(probes)) {}
  ~Impl() { Stop(); }

  absl::Status Start() {
    Configure();
    port_ = options_.port == 0 ? server_.bind_to_any_port(options_.address)
            : server_.bind_to_port(options_.address, options_.port) ? options_.port
                                                                    : -1;
    if (port_ <= 0) {
      return absl::UnavailableError(
          absl::StrCat("the admin port cannot listen on ", options_.address, ":", options_.port));
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // The socket listens already; but this version's stop() is lost on a server that does not run
    // yet.
    while (!server_.is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

  int port() const { return port_; }
  void StopAdvertising() { advertising_ = false; }

  void Stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

 private:
  void Configure() {
    server_.new_task_queue = [threads = options_.threads] { return new Workers(threads); };
    // Not httplib's SO_REUSEPORT, with which a second process would share the port unnoticed.
    server_.set_socket_options([](int socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    server_.set_payload_max_length(kRequestBytesMax);
    server_.set_keep_alive_max_count(1);  // An idle connection must not hold one of few threads.
    server_.set_read_timeout(kIdleSeconds);
    server_.set_write_timeout(kIdleSeconds);
    server_.set_keep_alive_timeout(kIdleSeconds);
    if (options_.allows != nullptr) {
      server_.set_pre_routing_handler(
          [this](const httplib::Request& request, httplib::Response& response) {
            if (options_.allows(request.remote_addr))
              return httplib::Server::HandlerResponse::Unhandled;
            response.status = 403;
            return httplib::Server::HandlerResponse::Handled;
          });
    }
    Get("/metrics", kMetricsText, [this](httplib::Response&) { return registry_.Expose(); });
    Get("/healthz", kText, [](httplib::Response&) { return std::string("ok\n"); });
    Get("/readyz", kText, [this](httplib::Response& response) { return Ready(&response); });
    Get("/version", kText, [this](httplib::Response&) { return options_.version + "\n"; });
  }

  template <class Answer>
  void Get(const char* path, const char* type, Answer answer) {
    server_.Get(path, [type, answer](const httplib::Request&, httplib::Response& response) {
      response.set_header("Cache-Control", "no-store");
      response.set_header("X-Content-Type-Options", "nosniff");
      response.set_content(answer(response), type);
    });
  }

  std::string Ready(httplib::Response* response) {
    std::string failing;
    if (!advertising_) absl::StrAppend(&failing, "stopping\n");
    for (const Probe& probe : probes_) {
      const absl::Status status = probe.check();
      if (status.ok()) continue;
      absl::StrAppend(&failing, probe.name, ": ", absl::StatusCodeToString(status.code()), "\n");
    }
    if (failing.empty()) return "ready\n";
    response->status = 503;
    return failing;
  }

  const AdminOptions options_;
  const telemetry::Registry& registry_;
  const std::vector<Probe> probes_;
  std::atomic<bool> advertising_{true};
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

AdminServer::AdminServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AdminServer::~AdminServer() = default;

absl::StatusOr<std::unique_ptr<AdminServer>> AdminServer::Start(const AdminOptions& options,
                                                                const telemetry::Registry& registry,
                                                                std::vector<Probe> probes) {
  if (options.threads < 1 || options.threads > kThreadsMax) {
    return base::InvalidField("threads", absl::StrCat("must be 1 to ", kThreadsMax));
  }
  auto impl = std::make_unique<Impl>(options, registry, std::move(probes));
  TJ_TRY(impl->Start());
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(impl)));
}

int AdminServer::port() const { return impl_->port(); }
void AdminServer::StopAdvertising() { impl_->StopAdvertising(); }
void AdminServer::Stop() { impl_->Stop(); }

}  // namespace tongjian::web
