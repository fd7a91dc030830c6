#include "common/dicom/connection.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/base/check.h"

namespace tongjian::dicom {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kBufferSize = 256 << 10;
// What is read beyond the bytes that are waited for: small PDUs come several at a time, and of a large one's successor there is
// little to move to the front.
constexpr size_t kReadAhead = 16 << 10;

int MillisecondsUntil(SteadyTime deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return static_cast<int>(std::clamp<int64_t>(left, 0, 1 << 30));
}

uint32_t BigLong(std::string_view bytes) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

}  // namespace

StopSignal::StopSignal() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { TJ_CHECK(fd_ >= 0); }
StopSignal::~StopSignal() { ::close(fd_); }

void StopSignal::Set(State state) {
  state_.store(state);
  const uint64_t one = 1;
  TJ_CHECK(::write(fd_, &one, sizeof one) == sizeof one);
}

Connection::Connection(std::unique_ptr<ByteStream> stream, const ConnectionLimits& limits,
                       const StopSignal* stop)
    : stream_(std::move(stream)),
      limits_(limits),
      stop_(stop),
      acse_deadline_(steady_clock::now() + limits.acse_timeout),
      in_(kBufferSize) {}

bool Connection::Fail(absl::Status failure) {
  if (failure_.ok()) failure_ = std::move(failure);
  return false;
}

// Polls for `events` until the deadline. `may_stop`: nothing is lost if a draining listener ends it
// here.
bool Connection::Wait(short events, SteadyTime deadline, bool may_stop, std::string_view what) {
  constexpr auto kStopCheck = milliseconds(200);
  for (;;) {
    const auto state = stop_ == nullptr ? StopSignal::kRunning : stop_->state();
    if (state == StopSignal::kCutting || (state == StopSignal::kDraining && may_stop && !busy_)) {
      return Fail(base::Unavailable("STOPPING", "the listener stops"));
    }
    const bool watch_stop = stop_ != nullptr && state == StopSignal::kRunning;
    pollfd polled[2] = {{stream_->fd(), events, 0}, {watch_stop ? stop_->fd() : -1, POLLIN, 0}};
    const SteadyTime until =
        watch_stop ? deadline : std::min(deadline, steady_clock::now() + kStopCheck);
    const int ready = poll(polled, 2, MillisecondsUntil(until));
    if (ready > 0 && polled[0].revents != 0) return true;
    if (ready < 0 && errno != EINTR)
      return Fail(base::Unavailable("CONNECTION_LOST", "poll failed"));
    if (steady_clock::now() >= deadline) {
      return Fail(base::Error(absl::StatusCode::kDeadlineExceeded, "PEER_TIMEOUT", "", what));
    }
  }
}

// Has at least `size` bytes at hand.
bool Connection::Fill(size_t size, SteadyTime deadline, bool may_stop) {
  if (begin_ + size > in_.size()) {
    std::copy(in_.begin() + begin_, in_.begin() + end_, in_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (size > in_.size()) in_.resize(size);
  }
  while (end_ - begin_ < size) {
    const size_t wanted = begin_ + size - end_ + kReadAhead;
    const IoResult result =
        stream_->Read(in_.data() + end_, std::min(wanted, in_.size() - end_));
    if (result.bytes > 0) {
      end_ += static_cast<size_t>(result.bytes);
      bytes_received_ += static_cast<uint64_t>(result.bytes);
    } else if (result.bytes == IoResult::kAgain) {
      const bool none = end_ == begin_;
      if (!Wait(result.wait_for, deadline, may_stop,
                none ? "no PDU in time" : "PDU not complete in time"))
        return false;
    } else if (result.bytes == 0 && end_ == begin_) {
      return Fail(base::Unavailable("CONNECTION_CLOSED", "closed by the peer"));
    } else {
      return Fail(base::Unavailable("CONNECTION_LOST", "connection lost"));
    }
  }
  return true;
}

// Gets one whole PDU and checks it.
bool Connection::TakePdu() {
  if (failed() || closed_) return false;
  if (begin_ == end_) begin_ = end_ = 0;
  const SteadyTime idle_until =
      established_ ? steady_clock::now() + limits_.idle_timeout : acse_deadline_;
  if (!Fill(1, idle_until, true)) return false;
  const SteadyTime whole_until =
      established_ ? steady_clock::now() + limits_.pdu_timeout : acse_deadline_;
  if (!Fill(kPduHeadSize, whole_until, false)) return false;
  const auto head = CheckPduHead({in_.data() + begin_, kPduHeadSize}, limits_.pdu_bytes_max);
  if (!head.ok()) {
    Fail(head.status());
    Abort(1);
    return false;
  }
  if (!Fill(kPduHeadSize + head->length, whole_until, false)) return false;
  if (!CheckPdu(*head, {in_.data() + begin_ + kPduHeadSize, head->length})) {
    Abort(6);
    return false;
  }
  ready_ = kPduHeadSize + head->length;
  if (head->type == PduType::kAssociateRequest || head->type == PduType::kAssociateAccept)
    ReducePdu();
  return true;
}

// Puts what is left of an associate PDU where the whole one ended.
void Connection::ReducePdu() {
  char* const whole = in_.data() + begin_;
  const std::string body = ReduceAssociate({whole + kPduHeadSize, ready_ - kPduHeadSize});
  const size_t gone = ready_ - kPduHeadSize - body.size();
  std::memmove(whole + gone, whole, 2);
  for (size_t i = 0; i < 4; ++i)
    whole[gone + 2 + i] = static_cast<char>(body.size() >> (24 - 8 * i) & 0xFF);
  std::memcpy(whole + gone + kPduHeadSize, body.data(), body.size());
  begin_ += gone;
  ready_ -= gone;
}

bool Connection::CheckPdu(const PduHead& head, std::string_view body) {
  absl::Status status;
  if (head.type == PduType::kAssociateRequest) {
    absl::StatusOr<AssociateRequest> request = CheckAssociateRequest(body);
    status = request.status();
    if (request.ok()) request_ = *std::move(request);
  } else if (head.type == PduType::kAssociateAccept) {
    status = CheckAssociateAccept(body);
  } else if (head.type == PduType::kData) {
    status = CheckData(body);
  }
  return status.ok() || Fail(status);
}

ssize_t Connection::Read(void* buffer, size_t size) {
  errno = 0;  // DCMTK repeats on EINTR whatever it stems from.
  if (ready_ == 0 && !TakePdu()) {
    errno = ECONNRESET;
    return -1;
  }
  const size_t take = std::min(size, ready_);
  std::memcpy(buffer, in_.data() + begin_, take);
  begin_ += take;
  ready_ -= take;
  return static_cast<ssize_t>(take);
}

std::optional<std::string_view> Connection::TakeData() {
  if (!AwaitPdu() || ready_ == 0 || in_[begin_] != static_cast<char>(PduType::kData)) return {};
  const std::string_view body(in_.data() + begin_ + kPduHeadSize, ready_ - kPduHeadSize);
  begin_ += ready_;
  ready_ = 0;
  return body;
}

// DCMTK writes a PDU's head and body apart: they leave together.
ssize_t Connection::Write(const void* data, size_t size) {
  out_.append(static_cast<const char*>(data), size);
  while (out_.size() >= kPduHeadSize) {
    const size_t whole = kPduHeadSize + BigLong(std::string_view(out_).substr(2));
    if (out_.size() < whole) break;
    if (!WriteAll(std::string_view(out_).substr(0, whole))) {
      errno = ECONNRESET;
      return -1;
    }
    out_.erase(0, whole);
  }
  return static_cast<ssize_t>(size);
}

bool Connection::WriteAll(std::string_view bytes) {
  const SteadyTime deadline = steady_clock::now() + limits_.pdu_timeout;
  while (!bytes.empty()) {
    if (failed() || closed_) return false;
    const IoResult result = stream_->Write(bytes.data(), bytes.size());
    if (result.bytes > 0) {
      bytes.remove_prefix(static_cast<size_t>(result.bytes));
    } else if (result.bytes == IoResult::kAgain) {
      if (!Wait(result.wait_for, deadline, false, "peer does not read")) return false;
    } else {
      return Fail(base::Unavailable("CONNECTION_LOST", "connection lost"));
    }
  }
  return true;
}

void Connection::Abort(uint8_t reason) {
  if (closed_) return;
  const char pdu[] = {7, 0, 0, 0, 0, 4, 0, 0, 2, static_cast<char>(reason)};
  stream_->Write(pdu, sizeof pdu);  // If there is no room for ten bytes, closing says it as well.
  Fail(absl::AbortedError("association aborted"));
  Close();
}

void Connection::AwaitClose() {
  if (failed() || closed_) return;
  pollfd polled = {stream_->fd(), POLLIN, 0};
  poll(&polled, 1, 1000);
}

bool Connection::HasData() const {
  if (ready_ > 0 || end_ > begin_ || failed() || stream_->HasPending()) return true;
  pollfd polled = {stream_->fd(), POLLIN, 0};
  return poll(&polled, 1, 0) > 0;
}

bool Connection::AwaitPdu() { return ready_ > 0 || TakePdu() || failed(); }

bool Connection::Handshake() {
  for (;;) {
    const IoResult result = stream_->Handshake();
    if (result.bytes > 0) return true;
    if (result.bytes != IoResult::kAgain)
      return Fail(base::Unavailable("TLS_HANDSHAKE", "TLS handshake failed"));
    if (!Wait(result.wait_for, acse_deadline_, true, "TLS handshake not complete in time"))
      return false;
  }
}

void Connection::Close() {
  if (closed_) return;
  closed_ = true;
  stream_->Shutdown();  // The descriptor itself lives as long as this object.
}

}  // namespace tongjian::dicom
