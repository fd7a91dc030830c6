// One association of either side: DCMTK negotiates it, over a Connection that has checked every PDU
// first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/connection.h"
#include "common/dicom/scu.h"

namespace tongjian::dicom {

struct AcceptedContext {
  uint8_t id = 0;
  std::string abstract_syntax;
  std::string transfer_syntax;
  bool peer_provides = false;  // The peer, who asked for the association, takes the SCP's role.
};

// The answer to one proposed context: accepted where `transfer_syntax` is not empty, else refused
// with `reason` (PS3.8 table 9-18: 3 abstract syntax, 4 transfer syntaxes not supported).
struct ContextAnswer {
  uint8_t id = 0;
  std::string transfer_syntax;
  uint8_t reason = 3;
  bool peer_provides = false;  // The peer is to be the SCP as it has proposed (PS3.7 D.3.3.4).
};

// PS3.8 table 9-21.
enum class Rejection { kCallingAeUnknown, kCalledAeUnknown, kTemporary };

// For one thread. Errors of every call: CANCELLED once the peer has released it, ABORTED once it
// has aborted, DEADLINE_EXCEEDED, INVALID_ARGUMENT (protocol violation), UNAVAILABLE; after any of
// them the association is at its end.
class Association {
 public:
  // Receives an A-ASSOCIATE-RQ on `stream`; answer it by Acknowledge or Reject.
  static absl::StatusOr<std::unique_ptr<Association>> Receive(std::unique_ptr<ByteStream> stream,
                                                              const ConnectionLimits& limits,
                                                              const StopSignal* stop);
  static absl::StatusOr<std::unique_ptr<Association>> Request(
      const ScuOptions& options, const std::vector<PresentationContext>& contexts);
  // Releases as requester, aborts after a failure, closes.
  ~Association();

  const AssociateRequest& request() const { return connection_->request(); }
  absl::Status Acknowledge(const std::vector<ContextAnswer>& answers);
  void Reject(Rejection rejection);

  // Null where `id` was not accepted.
  const AcceptedContext* FindContext(uint8_t id) const;
  const std::vector<AcceptedContext>& contexts() const { return contexts_; }

  // A part of a message; its bytes stand until the next call.
  absl::StatusOr<DataValue> NextPdv();
  // Sends one PDV of at most chunk_size() bytes.
  absl::Status Write(uint8_t context_id, bool is_command, bool is_last, std::string_view bytes);
  size_t chunk_size() const;
  Connection& connection() { return *connection_; }

 private:
  struct Dcmtk;
  Association();
  absl::Status Failure(std::string_view what) const;
  void ReadAcceptedContexts();
  // The status of the end that has come instead of data.
  absl::Status End();

  std::unique_ptr<Dcmtk> dcmtk_;
  std::shared_ptr<Connection> connection_;
  std::vector<AcceptedContext> contexts_;
  std::string_view data_;  // PDVs of the last data PDU that are still to be given out.
  bool is_requester_ = false;
  bool ended_ = false;
};

}  // namespace tongjian::dicom
