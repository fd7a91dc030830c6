// Calling others: verification, storage, query. For C-MOVE sub-operations, forwarding, tools and
// tests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/dicom/service.h"
#include "common/dicom/tls.h"

namespace tongjian::dicom {

struct ScuOptions {
  std::string calling_ae = "TONGJIAN";
  std::string called_ae = "ANY-SCP";
  std::string host;  // A name or an IPv4 address.
  uint16_t port = 0;
  absl::Duration connect_timeout =
      absl::Seconds(10);  // Whole seconds; the latest one set holds for the process.
  absl::Duration response_timeout = absl::Seconds(60);
  int pdu_bytes_max = 131072;
  std::optional<TlsOptions> tls;
};

// What the requester wants to be for a SOP class: its user, its provider (events to a device), or
// both.
enum class PresentationRole { kUser, kProvider, kBoth };

// An abstract syntax with the transfer syntaxes offered for it, in order of preference.
struct PresentationContext {
  std::string abstract_syntax;
  std::vector<std::string> transfer_syntaxes;
  PresentationRole role = PresentationRole::kUser;
};

// The response to a C-STORE that reached the peer.
struct StoreOutcome {
  uint16_t status = 0;  // 0000 success, Bxxx warning, else a failure the peer decided on.
  std::string comment;
  bool stored() const { return status == 0 || (status & 0xF000) == 0xB000; }
};

// Names the C-MOVE a C-STORE belongs to.
struct MoveOriginator {
  std::string ae_title;
  uint16_t message_id = 0;
};

// One association as requester. For one thread at a time. Errors: UNAVAILABLE (no connection, peer
// gone, timeout), PERMISSION_DENIED (association rejected), FAILED_PRECONDITION (no accepted
// presentation context for what is to be sent). After UNAVAILABLE the association is dead.
class Scu {
 public:
  // At most 128 contexts: offer what is needed. Tries once.
  static absl::StatusOr<std::unique_ptr<Scu>> Open(
      const ScuOptions& options, const std::vector<PresentationContext>& contexts);
  // Releases the association.
  ~Scu();

  absl::Status Echo();
  // Streams the object's data set unchanged, in its own transfer syntax where the peer has accepted
  // that, else recoded (recoder.h). The file's meta header is left off.
  absl::StatusOr<StoreOutcome> Store(
      const StoredObject& object, const std::optional<MoveOriginator>& originator = std::nullopt);
  // Calls `each` for every match; stops by C-CANCEL when it returns false. INTERNAL with the peer's
  // failure status.
  absl::Status Find(std::string_view sop_class_uid, const Dataset& identifier,
                    const std::function<bool(const Dataset&)>& each);
  // N-EVENT-REPORT, N-CREATE, N-SET, N-ACTION. INTERNAL with the peer's failure status.
  absl::StatusOr<NormalizedReply> Call(const NormalizedRequest& request);
  bool Accepts(std::string_view abstract_syntax, std::string_view transfer_syntax) const;

 private:
  class Impl;
  explicit Scu(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// The contexts needed to send `objects`: one for each pair of class and transfer syntax, then those
// that uncompressed ones can be recoded to, at most 128 (the first ones).
std::vector<PresentationContext> ContextsFor(const std::vector<StoredObject>& objects);

// A stored object over a Part 10 file on disk, identified by scanning it.
absl::StatusOr<StoredObject> ObjectFromFile(const std::string& path);

}  // namespace tongjian::dicom
