// A non-blocking connected socket, bare or under TLS: what a Connection reads from and writes to.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/dicom/tls.h"

namespace tongjian::dicom {

// `bytes` moved; 0 at the end of the stream; kAgain: poll for `wait_for` (POLLIN or POLLOUT) and
// repeat; kBroken.
struct IoResult {
  static constexpr ssize_t kAgain = -1;
  static constexpr ssize_t kBroken = -2;
  ssize_t bytes = 0;
  short wait_for = 0;
};

// Owns its descriptor. For one thread at a time.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual int fd() const = 0;
  virtual IoResult Read(char* buffer, size_t size) = 0;
  virtual IoResult Write(const char* data, size_t size) = 0;
  // 1 byte moved means done.
  virtual IoResult Handshake() = 0;
  // Bytes that wait inside and that poll does not see.
  virtual bool HasPending() const = 0;
  virtual std::string PeerCertificatePem() const = 0;
  // Tells the peer that nothing more comes, as far as that goes without waiting.
  virtual void Shutdown() = 0;
};

// Takes over `fd`, makes it non-blocking and sets TCP_NODELAY.
std::unique_ptr<ByteStream> OpenPlainStream(int fd);

// Certificates and rules for any number of connections. Safe for concurrent use.
class TlsContext {
 public:
  virtual ~TlsContext() = default;
  // INVALID_ARGUMENT where a file cannot be used. Server contexts need certificate and key; TLS 1.2
  // is the least accepted.
  static absl::StatusOr<std::shared_ptr<TlsContext>> Create(const TlsOptions& options,
                                                            bool is_server);
  // Takes over `fd`. A client checks the peer's certificate against `host` unless that is empty.
  virtual std::unique_ptr<ByteStream> Open(int fd, const std::string& host) = 0;
};

}  // namespace tongjian::dicom
