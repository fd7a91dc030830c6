#include "common/web/connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::web {
namespace {

absl::Status BadFile(const char* which) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat("the TLS ", which, " file cannot be used"));
}

// Numeric; an IPv4 client of an IPv6 socket in its own form.
std::string NumericAddress(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) != 0;
    inet_ntop(mapped ? AF_INET : AF_INET6,
              mapped ? static_cast<const void*>(v6.sin6_addr.s6_addr + 12) : &v6.sin6_addr, text,
              sizeof text);
  }
  return text;
}

std::string RemoteAddress(int socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof address;
  if (getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return NumericAddress(address);
}

}  // namespace

absl::StatusOr<TlsContext> MakeTlsContext(const TlsFiles& files) {
  TlsContext context(SSL_CTX_new(TLS_server_method()));
  TJ_CHECK(context != nullptr);
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  TJ_CHECK(SSL_CTX_set_cipher_list(context.get(), "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM") == 1);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1)
    return BadFile("certificate");
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return BadFile("key");
  }
  if (!files.authorities.empty()) {
    if (SSL_CTX_load_verify_locations(context.get(), files.authorities.c_str(), nullptr) != 1)
      return BadFile("authority");
    // People come with a token and no certificate; a certificate that is shown must hold.
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    constexpr unsigned char kSession[] = "tongjian-web";
    SSL_CTX_set_session_id_context(context.get(), kSession, sizeof kSession - 1);
  }
  return context;
}

Connection::Connection(int socket, SSL_CTX* tls, const ServerLimits& limits)
    : socket_(socket),
      limits_(limits),
      ssl_(tls == nullptr ? nullptr : SSL_new(tls)),
      remote_address_(RemoteAddress(socket)) {
  const int yes = 1;
  setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (ssl_ == nullptr) return;
  SSL_set_fd(ssl_.get(), socket_);
  SSL_set_mode(ssl_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_set_accept_state(ssl_.get());
}

Connection::~Connection() {
  if (ssl_ != nullptr && !broken_) SSL_shutdown(ssl_.get());
  ERR_clear_error();
  // What the client still sends is read for a moment: closing over unread bytes makes the kernel
  // reset the connection, and an answer that is on its way would be lost with it.
  shutdown(socket_, SHUT_WR);
  const Clock::time_point until = Clock::now() + std::chrono::milliseconds(200);
  size_t drained = 0;
  while (!broken_ && drained < (1 << 20) && Wait(POLLIN, until)) {
    const ssize_t n = recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n <= 0) break;
    drained += static_cast<size_t>(n);
  }
}

bool Connection::Wait(short events, Clock::time_point until) const {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd poll_fd = {socket_, events, 0};
    const int ready = poll(&poll_fd, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

bool Connection::Open() {
  if (ssl_ == nullptr) return true;
  const Clock::time_point until = Clock::now() + absl::ToChronoMilliseconds(limits_.head_time);
  while (true) {
    short events = 0;
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) return true;
    if (TlsResult(result, &events) != kAgain || !Wait(events, until)) {
      broken_ = true;
      return false;
    }
  }
}

bool Connection::AwaitRequest(absl::Duration patience) {
  const Clock::time_point until = Clock::now() + absl::ToChronoMilliseconds(patience);
  head_ = false;
  if (begin_ == end_) {
    const ssize_t n = Fill(buffer_.data(), buffer_.size(), until);
    if (n <= 0) return false;
    begin_ = 0;
    end_ = static_cast<size_t>(n);
  }
  head_ = true;
  head_bytes_ = 0;
  head_until_ = Clock::now() + absl::ToChronoMilliseconds(limits_.head_time);
  return true;
}

std::string Connection::PeerCertificatePem() const {
  if (ssl_ == nullptr) return {};
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(ssl_.get()), X509_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  if (!certificate || !out || PEM_write_bio_X509(out.get(), certificate.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

ssize_t Connection::TlsResult(int result, short* events) {
  const int error = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) return -1;
  *events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
  return kAgain;
}

ssize_t Connection::TryRead(char* to, size_t size, short* events) {
  if (ssl_ != nullptr) {
    const int n = SSL_read(ssl_.get(), to, static_cast<int>(std::min<size_t>(size, 1 << 20)));
    return n > 0 ? n : TlsResult(n, events);
  }
  const ssize_t n = recv(socket_, to, size, MSG_DONTWAIT);
  if (n >= 0) return n;
  *events = POLLIN;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? kAgain : -1;
}

ssize_t Connection::TryWrite(const char* from, size_t size, short* events) {
  if (ssl_ != nullptr) {
    const int n = SSL_write(ssl_.get(), from, static_cast<int>(std::min<size_t>(size, 1 << 20)));
    return n > 0 ? n : TlsResult(n, events);
  }
  const ssize_t n = send(socket_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (n >= 0) return n;
  *events = POLLOUT;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? kAgain : -1;
}

ssize_t Connection::Fill(char* to, size_t size, Clock::time_point until) {
  while (!broken_) {
    short events = 0;
    const ssize_t n = TryRead(to, size, &events);
    if (n >= 0) return n;
    if (n != kAgain || !Wait(events, until)) broken_ = true;
  }
  return -1;
}

ssize_t Connection::read(char* to, size_t size) {
  if (begin_ == end_) {
    Clock::time_point until = Clock::now() + absl::ToChronoMilliseconds(limits_.stall_time);
    if (head_) until = std::min(until, head_until_);
    // Into the caller's own room where that is large; heads are read byte by byte, so never those.
    if (!head_ && size >= buffer_.size()) return Fill(to, size, until);
    const ssize_t n = Fill(buffer_.data(), buffer_.size(), until);
    if (n <= 0) return n;
    begin_ = 0;
    end_ = static_cast<size_t>(n);
  }
  const size_t taken = std::min(size, end_ - begin_);
  if (head_ && (head_bytes_ += taken) > limits_.head_bytes_max) return -1;
  std::memcpy(to, buffer_.data() + begin_, taken);
  begin_ += taken;
  return static_cast<ssize_t>(taken);
}

ssize_t Connection::write(const char* from, size_t size) {
  const Clock::time_point until = Clock::now() + absl::ToChronoMilliseconds(limits_.stall_time);
  while (!broken_) {
    short events = 0;
    const ssize_t n = TryWrite(from, size, &events);
    if (n > 0) return n;
    if (n != kAgain || !Wait(events, until)) broken_ = true;
  }
  return -1;
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = remote_address_;
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace tongjian::web
