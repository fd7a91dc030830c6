// The transport under one association: whole, checked PDUs in, whole PDUs out, deadlines on
// everything.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/byte_stream.h"
#include "common/dicom/pdu_check.h"

namespace tongjian::dicom {

using SteadyTime = std::chrono::steady_clock::time_point;
using SteadyDuration = std::chrono::steady_clock::duration;

// Tells connections to end: kDraining those between messages, kCutting all. One writer, any number
// of readers.
class StopSignal {
 public:
  enum State { kRunning, kDraining, kCutting };
  StopSignal();
  ~StopSignal();
  StopSignal(const StopSignal&) = delete;
  void Set(State state);
  State state() const { return state_.load(); }
  int fd() const { return fd_; }  // Readable once anything but kRunning was set.

 private:
  const int fd_;
  std::atomic<State> state_{kRunning};
};

struct ConnectionLimits {
  size_t pdu_bytes_max = 131072;
  SteadyDuration acse_timeout = std::chrono::seconds(30);
  SteadyDuration pdu_timeout = std::chrono::seconds(60);
  SteadyDuration idle_timeout = std::chrono::seconds(60);
};

// For one thread. `stop` may be null and must outlive it. The first failure is kept, since DCMTK
// reports only that there was one.
class Connection {
 public:
  Connection(std::unique_ptr<ByteStream> stream, const ConnectionLimits& limits,
             const StopSignal* stop);

  // The association stands: from now on a PDU has pdu_timeout, and idle_timeout may pass before it.
  void SetEstablished() { established_ = true; }
  // Whether a message is being worked on, so that draining waits.
  void SetBusy(bool busy) { busy_ = busy; }
  // Sends an A-ABORT as service provider with `reason` (PS3.8 table 9-26) and closes.
  void Abort(uint8_t reason);
  // Lets the peer close first after a release, for at most a second.
  void AwaitClose();
  const absl::Status& failure() const { return failure_; }
  bool failed() const { return !failure_.ok(); }
  // The last A-ASSOCIATE-RQ that came.
  const AssociateRequest& request() const { return request_; }
  std::string PeerCertificatePem() const { return stream_->PeerCertificatePem(); }
  uint64_t bytes_received() const { return bytes_received_; }

  // What DCMTK calls. Each false or -1 leaves its reason in failure().
  bool Handshake();
  ssize_t Read(void* buffer, size_t size);
  ssize_t Write(const void* data, size_t size);
  // Waits for a whole PDU, or only looks whether anything has come. A failure counts as data: the
  // next Read reports it.
  bool AwaitPdu();
  bool HasData() const;
  // Waits for a whole PDU. The body of a data PDU is taken and stands until the next call of any kind; nothing where another PDU
  // has come, which is left to Read, or a failure.
  std::optional<std::string_view> TakeData();
  void Close();

 private:
  bool Fail(absl::Status failure);
  bool TakePdu();
  bool Fill(size_t size, SteadyTime deadline, bool may_stop);
  bool CheckPdu(const PduHead& head, std::string_view body);
  void ReducePdu();
  bool Wait(short events, SteadyTime deadline, bool may_stop, std::string_view what);
  bool WriteAll(std::string_view bytes);

  std::unique_ptr<ByteStream> stream_;
  const ConnectionLimits limits_;
  const StopSignal* const stop_;
  const SteadyTime acse_deadline_;
  bool established_ = false;
  bool busy_ = false;
  bool closed_ = false;
  absl::Status failure_;
  AssociateRequest request_;
  std::vector<char>
      in_;  // Bytes [begin_, end_) have come; the first ready_ of them are a checked PDU.
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t ready_ = 0;
  std::string out_;  // A PDU that DCMTK writes in pieces.
  uint64_t bytes_received_ = 0;
};

}  // namespace tongjian::dicom
