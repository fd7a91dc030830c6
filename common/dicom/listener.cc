#include "common/dicom/listener.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>

#include "common/base/check.h"
#include "common/dicom/peer_list.h"
#include "common/dicom/session.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

// A bound socket with what decides about its callers.
struct OpenEndpoint {
  OpenEndpoint(const Endpoint& options, PeerList peers)
      : options(options), peers(std::move(peers)) {}
  ~OpenEndpoint() {
    if (fd >= 0) close(fd);
  }
  OpenEndpoint(const OpenEndpoint&) = delete;

  const Endpoint& options;
  const PeerList peers;
  std::shared_ptr<TlsContext> tls;
  int fd = -1;
  uint16_t port = 0;
};

absl::Status BindFailure(const Endpoint& endpoint, std::string_view what) {
  return base::Unavailable("LISTEN_FAILED", "cannot " + std::string(what) + " on " +
                                                endpoint.address + " port " +
                                                std::to_string(endpoint.port));
}

absl::Status Bind(OpenEndpoint& open) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string port = std::to_string(open.options.port);
  if (getaddrinfo(open.options.address.c_str(), port.c_str(), &hints, &found) != 0) {
    return base::InvalidField("address", "no numeric address: " + open.options.address);
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> address(found, freeaddrinfo);
  open.fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  if (open.fd < 0) return BindFailure(open.options, "open a socket");
  setsockopt(open.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(open.fd, address->ai_addr, address->ai_addrlen) != 0)
    return BindFailure(open.options, "bind");
  if (listen(open.fd, SOMAXCONN) != 0) return BindFailure(open.options, "listen");
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  TJ_CHECK(getsockname(open.fd, reinterpret_cast<sockaddr*>(&bound), &size) == 0);
  open.port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(bound).sin6_port
                                                : reinterpret_cast<sockaddr_in&>(bound).sin_port);
  return absl::OkStatus();
}

// A-ASSOCIATE-RJ: rejected transient, local limit exceeded. Said without reading what the peer
// asks.
void RejectAtOnce(int fd) {
  const char pdu[] = {3, 0, 0, 0, 0, 4, 0, 2, 3, 2};
  send(fd, pdu, sizeof pdu, MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown(fd, SHUT_WR);
  close(fd);
}

absl::Status CheckOptions(const ListenerOptions& options) {
  if (options.pdu_bytes_max < 4096 || options.pdu_bytes_max > 131072) {
    return base::InvalidField("pdu_bytes_max", "expected 4096 to 131072");
  }
  if (options.endpoints.empty()) return base::InvalidField("endpoints", "none given");
  if (!ValidAeTitle(options.ae_title)) return base::InvalidField("ae_title", "not an AE title");
  for (const Endpoint& endpoint : options.endpoints) {
    for (const std::string& title : endpoint.ae_titles) {
      if (!ValidAeTitle(title)) return base::InvalidField("ae_titles", "not an AE title: " + title);
    }
  }
  return absl::OkStatus();
}

}  // namespace

class Listener::Impl {
 public:
  explicit Impl(ListenerOptions options) : options_(std::move(options)) {}

  absl::Status Start() {
    TJ_CHECK(!acceptor_.joinable() && endpoints_.empty());
    TJ_TRY(CheckOptions(options_));
    for (const Endpoint& endpoint : options_.endpoints) {
      absl::StatusOr<PeerList> peers = PeerList::Parse(endpoint.allowed_peers);
      TJ_TRY(peers.status());
      auto& open =
          endpoints_.emplace_back(std::make_unique<OpenEndpoint>(endpoint, *std::move(peers)));
      if (endpoint.tls) {
        TJ_ASSIGN_OR_RETURN(open->tls, TlsContext::Create(*endpoint.tls, true));
      }
      TJ_TRY(Bind(*open));
    }
    acceptor_ = std::thread([this] { Accept(); });
    return absl::OkStatus();
  }

  void Stop(absl::Duration grace) {
    if (!acceptor_.joinable()) return;
    stop_.Set(StopSignal::kDraining);
    acceptor_.join();
    std::unique_lock<std::mutex> lock(mutex_);
    const auto wait =
        std::chrono::nanoseconds(absl::ToInt64Nanoseconds(std::min(grace, absl::Hours(24))));
    changed_.wait_for(lock, wait, [this] { return open_ == 0; });
    stop_.Set(StopSignal::kCutting);
    changed_.wait(lock, [this] { return open_ == 0; });
    lock.unlock();
    Reap();
    endpoints_.clear();
  }

  Registry& registry() {
    TJ_CHECK(!acceptor_.joinable());  // Registration ends where Start begins.
    return registry_;
  }

  uint16_t port(size_t endpoint) const {
    TJ_CHECK(endpoint < endpoints_.size());
    return endpoints_[endpoint]->port;
  }

  ListenerCounts counts() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return {open_,
            counters_.accepted,
            counters_.refused,
            counters_.aborted,
            counters_.objects_stored,
            counters_.objects_refused,
            counters_.bytes_received};
  }

 private:
  struct Worker {
    std::thread thread;
    bool done = false;
  };

  void Accept() {
    std::vector<pollfd> polled;
    for (const auto& endpoint : endpoints_) polled.push_back({endpoint->fd, POLLIN, 0});
    polled.push_back({stop_.fd(), POLLIN, 0});
    while (stop_.state() == StopSignal::kRunning) {
      poll(polled.data(), polled.size(), -1);
      for (size_t i = 0; i < endpoints_.size(); ++i) {
        if (polled[i].revents != 0) AcceptOn(*endpoints_[i]);
      }
      Reap();
    }
  }

  void AcceptOn(const OpenEndpoint& endpoint) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd = accept4(endpoint.fd, reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC);
    if (fd < 0) {
      // Out of descriptors: the caller waits in the backlog, and this loop does not spin meanwhile.
      pollfd stop = {stop_.fd(), POLLIN, 0};
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        poll(&stop, 1, 100);
      return;
    }
    const PeerAddress peer = AddressOf(reinterpret_cast<sockaddr&>(from));
    AssociationInfo info;
    info.endpoint = endpoint.options.name;
    info.peer_address = AddressText(peer);
    if (!endpoint.peers.Allows(peer)) {
      close(fd);
      return Refuse(info, "address not allowed");
    }
    if (!TakeSlot(peer)) {
      RejectAtOnce(fd);
      return Refuse(info, "too many associations");
    }
    Launch(endpoint, peer, std::move(info), fd);
  }

  void Refuse(const AssociationInfo& info, std::string_view why) {
    ++counters_.refused;
    if (options_.observe) options_.observe("refused", info, why);
  }

  bool TakeSlot(const PeerAddress& peer) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (open_ >= options_.associations_max) return false;
    int& of_peer = open_by_peer_[peer];
    if (of_peer >= options_.associations_per_peer_max) return false;
    ++of_peer;
    ++open_;
    return true;
  }

  void Launch(const OpenEndpoint& endpoint, const PeerAddress& peer, AssociationInfo info, int fd) {
    const std::lock_guard<std::mutex> lock(mutex_);
    info.id = endpoint.options.name + "-" + std::to_string(++sequence_);
    Worker& worker = workers_.emplace_back();
    worker.thread = std::thread([this, &endpoint, &worker, peer, fd, info = std::move(info)] {
      RunSession({options_, endpoint.options, registry_, counters_, stop_}, info,
                 endpoint.tls ? endpoint.tls->Open(fd, "") : OpenPlainStream(fd));
      const std::lock_guard<std::mutex> lock(mutex_);
      const auto of_peer = open_by_peer_.find(peer);
      if (--of_peer->second == 0) open_by_peer_.erase(of_peer);
      --open_;
      worker.done = true;
      changed_.notify_all();
    });
  }

  // Joins the threads that have come to their end.
  void Reap() {
    std::list<Worker> ended;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (auto worker = workers_.begin(); worker != workers_.end();) {
        const auto next = std::next(worker);
        if (worker->done) ended.splice(ended.end(), workers_, worker);
        worker = next;
      }
    }
    for (Worker& worker : ended) worker.thread.join();
  }

  const ListenerOptions options_;
  Registry registry_;
  Counters counters_;
  StopSignal stop_;
  std::vector<std::unique_ptr<OpenEndpoint>> endpoints_;
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Worker> workers_;
  std::map<PeerAddress, int> open_by_peer_;
  int open_ = 0;
  int64_t sequence_ = 0;
};

Listener::Listener(ListenerOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Listener::~Listener() { impl_->Stop(absl::ZeroDuration()); }

void Listener::SetAdmission(Admission& admission) { impl_->registry().admission = &admission; }
void Listener::OnStore(StoreHandler& handler) { impl_->registry().store = &handler; }
void Listener::OnFind(std::string_view sop_class_uid, FindHandler& handler) {
  impl_->registry().find[std::string(sop_class_uid)] = &handler;
}
void Listener::OnMove(std::string_view sop_class_uid, MoveHandler& handler) {
  impl_->registry().move[std::string(sop_class_uid)] = &handler;
}
void Listener::OnGet(std::string_view sop_class_uid, GetHandler& handler) {
  impl_->registry().get[std::string(sop_class_uid)] = &handler;
}
void Listener::OnNormalized(std::string_view sop_class_uid, NormalizedHandler& handler) {
  impl_->registry().normalized[std::string(sop_class_uid)] = &handler;
}

absl::Status Listener::Start() { return impl_->Start(); }
void Listener::Stop(absl::Duration grace) { impl_->Stop(grace); }
uint16_t Listener::port(size_t endpoint) const { return impl_->port(endpoint); }
ListenerCounts Listener::counts() const { return impl_->counts(); }

}  // namespace tongjian::dicom
