#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "common/dicom/byte_stream.h"

namespace tongjian::dicom {
namespace {

class PlainStream : public ByteStream {
 public:
  explicit PlainStream(int fd) : fd_(fd) {
    const int on = 1;
    fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
    fcntl(fd_, F_SETFD, FD_CLOEXEC);
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~PlainStream() override { close(fd_); }

  int fd() const override { return fd_; }

  IoResult Read(char* buffer, size_t size) override {
    const IoResult result = Result(recv(fd_, buffer, size, 0), POLLIN);
    // The kernel forgets it after a while: a peer that sends small packets and waits would wait 40
    // ms for each.
    const int on = 1;
    if (result.bytes > 0) setsockopt(fd_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
    return result;
  }

  IoResult Write(const char* data, size_t size) override {
    return Result(send(fd_, data, size, MSG_NOSIGNAL), POLLOUT);
  }

  IoResult Handshake() override { return {1, 0}; }
  bool HasPending() const override { return false; }
  std::string PeerCertificatePem() const override { return ""; }
  void Shutdown() override { shutdown(fd_, SHUT_RDWR); }

 private:
  static IoResult Result(ssize_t moved, short wait_for) {
    if (moved >= 0) return {moved, 0};
    const bool again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {again ? IoResult::kAgain : IoResult::kBroken, wait_for};
  }

  const int fd_;
};

}  // namespace

std::unique_ptr<ByteStream> OpenPlainStream(int fd) { return std::make_unique<PlainStream>(fd); }

}  // namespace tongjian::dicom
