// The one DICOM listener of a process: associations in, handlers by SOP class.
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

// One listening socket. Without TLS it should stay on loopback or have a short allow-list: the
// module that configures it decides, this class enforces what it is given.
struct Endpoint {
  std::string name = "dicom";
  std::string address = "127.0.0.1";
  uint16_t port = 104;                 // 0: any free one, see Listener::port.
  std::vector<std::string> ae_titles;  // Called AE titles answered to; empty: any valid one.
  std::vector<std::string> allowed_peers = {"127.0.0.0/8", "::1/128"};  // CIDR blocks.
  std::optional<TlsOptions> tls;
};

struct ListenerOptions {
  std::vector<Endpoint> endpoints;
  int associations_max = 64;
  int associations_per_peer_max = 8;
  int pdu_bytes_max = 131072;
  absl::Duration acse_timeout =
      absl::Seconds(30);  // From accept to an answered request, handshake included.
  absl::Duration pdu_timeout = absl::Seconds(60);   // From a PDU's first byte to its last.
  absl::Duration idle_timeout = absl::Seconds(60);  // Without a new PDU.
  absl::Duration suboperation_timeout = absl::Seconds(60);  // Of a C-MOVE's destination.
  uint64_t object_bytes_max = uint64_t{4} << 30;
  int find_responses_max = 5000;
  std::string ae_title = "TONGJIAN";  // Ours, where we call (C-MOVE sub-operations).
  // For logs and metrics: one line about an event, never patient data. Called on any thread.
  std::function<void(std::string_view event, const AssociationInfo&, std::string_view detail)>
      observe;
};

// For metrics.
struct ListenerCounts {
  int64_t associations = 0;  // Open now.
  int64_t accepted = 0;
  int64_t refused = 0;  // By allow-list, limit, AE title or Admission.
  int64_t aborted = 0;  // Protocol errors and timeouts.
  int64_t objects_stored = 0;
  int64_t objects_refused = 0;
  int64_t bytes_received = 0;
};

// Register, Start, Stop. C-ECHO is built in. Registration is before Start; everything else is safe
// for concurrent use. Handlers must outlive the listener. Each association has a thread, so a slow
// peer holds up only itself.
class Listener {
 public:
  explicit Listener(ListenerOptions options);
  ~Listener();  // Stops with no grace.

  void SetAdmission(Admission& admission);
  // All storage classes, standard and private, in every transfer syntax offered: the first proposed
  // one is accepted.
  void OnStore(StoreHandler& handler);
  void OnFind(std::string_view sop_class_uid, FindHandler& handler);
  void OnMove(std::string_view sop_class_uid, MoveHandler& handler);
  // Contexts of storage classes in which the requester takes the provider's role carry the objects.
  void OnGet(std::string_view sop_class_uid, GetHandler& handler);
  void OnNormalized(std::string_view sop_class_uid, NormalizedHandler& handler);

  // Binds every endpoint and begins to accept. INVALID_ARGUMENT for a bad address, CIDR block, AE
  // title or certificate, UNAVAILABLE where a port cannot be bound.
  absl::Status Start();
  // Stops accepting, lets associations finish their current message for at most `grace`, then cuts
  // them. Returns when no handler runs any more.
  void Stop(absl::Duration grace);

  // The bound port of an endpoint, after Start.
  uint16_t port(size_t endpoint = 0) const;
  ListenerCounts counts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::dicom
