// One client's connection under the HTTP library: TLS, deadlines, a budget for the head of a
// request. Internal to common/web.
#pragma once

#include <httplib.h>
#include <openssl/ssl.h>

#include <array>
#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/web/server.h"

namespace tongjian::web {

struct SslFree {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using TlsContext = std::unique_ptr<SSL_CTX, SslFree>;

// BCP 195; a client's certificate is asked for and, where it shows one, checked against the
// authorities. INVALID_ARGUMENT names the file that cannot be used.
absl::StatusOr<TlsContext> MakeTlsContext(const TlsFiles& files);

// One thread at a time; httplib gets it as its stream. The socket is the caller's to close, behind
// it. Reads and writes fail once the other end is silent for too long, so that no thread waits for
// ever.
class Connection final : public httplib::Stream {
 public:
  // `tls`: null without TLS.
  Connection(int socket, SSL_CTX* tls, const ServerLimits& limits);
  ~Connection() override;

  // The TLS handshake, where there is one; false where it fails or takes too long.
  bool Open();
  // Waits for the first byte of a request, `patience` at most; then its head has the head's time
  // and bytes, until HeadIsRead.
  bool AwaitRequest(absl::Duration patience);
  void HeadIsRead() { head_ = false; }
  std::string PeerCertificatePem() const;
  bool secure() const { return ssl_ != nullptr; }
  const std::string& remote_address() const { return remote_address_; }

  bool is_readable() const override { return true; }
  bool is_writable() const override { return !broken_; }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  // httplib refuses numbers from FD_SETSIZE on, for the sake of a select() that is not used here.
  socket_t socket() const override { return 0; }

 private:
  using Clock = std::chrono::steady_clock;
  bool Wait(short events, Clock::time_point until) const;
  ssize_t Fill(char* to, size_t size, Clock::time_point until);
  // Bytes, 0 at the end, -1 where it broke; kAgain after `*events` was set.
  static constexpr ssize_t kAgain = -2;
  ssize_t TryRead(char* to, size_t size, short* events);
  ssize_t TryWrite(const char* from, size_t size, short* events);
  ssize_t TlsResult(int result, short* events);

  const int socket_;
  const ServerLimits limits_;
  const std::unique_ptr<SSL, SslFree> ssl_;
  std::string remote_address_;
  bool head_ = false;
  bool broken_ = false;
  size_t head_bytes_ = 0;
  Clock::time_point head_until_;
  std::array<char, 16384> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace tongjian::web
