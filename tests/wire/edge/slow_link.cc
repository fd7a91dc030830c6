#include "tests/wire/edge/slow_link.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace tongjian::edge {
namespace {

constexpr int kBuffer = 8192;

sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool SendAll(int to, const char* data, ssize_t size) {
  while (size > 0) {
    const ssize_t sent = send(to, data, static_cast<size_t>(size), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= sent;
  }
  return true;
}

}  // namespace

SlowLink::SlowLink(int target_port, int64_t rate) : target_port_(target_port), rate_(rate) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  // A line does not hold a megabyte: small buffers, as accepted sockets inherit them.
  const int buffer = 16 << 10;
  setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 16);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  threads_.emplace_back([this] { Accept(); });
}

SlowLink::~SlowLink() {
  stopping_ = true;
  Cut();
  shutdown(listener_, SHUT_RDWR);
  for (std::thread& thread : threads_) thread.join();
  close(listener_);
  for (const int fd : open_) close(fd);
}

void SlowLink::Cut() {
  cut_ = true;
  const std::lock_guard lock(mutex_);
  for (const int fd : open_) shutdown(fd, SHUT_RDWR);
}

void SlowLink::Accept() {
  while (!stopping_) {
    const int from = accept(listener_, nullptr, nullptr);
    if (from < 0) return;
    const int to = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = Loopback(target_port_);
    const bool joined =
        !cut_ && connect(to, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    const int on = 1;
    setsockopt(to, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(from, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (!joined || stopping_) {
      close(from);
      close(to);
      continue;
    }
    const std::lock_guard lock(mutex_);
    open_.push_back(from);
    open_.push_back(to);
    threads_.emplace_back([=, this] { Carry(from, to, true); });
    threads_.emplace_back([=, this] { Carry(to, from, false); });
  }
}

void SlowLink::Carry(int from, int to, bool limited) {
  char buffer[kBuffer];
  while (true) {
    const ssize_t size = recv(from, buffer, sizeof buffer, 0);
    if (size <= 0 || cut_) break;
    if (limited) Pace(size);
    if (cut_ || !SendAll(to, buffer, size)) break;
    if (limited) carried_ += size;
  }
  shutdown(from, SHUT_RDWR);
  shutdown(to, SHUT_RDWR);
}

void SlowLink::Pace(int64_t bytes) {
  double until = 0;
  {
    const std::lock_guard lock(line_);
    free_at_ = std::max(free_at_, Seconds()) + static_cast<double>(bytes) / static_cast<double>(rate_);
    until = free_at_;
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(until - Seconds()));
}

}  // namespace tongjian::edge
