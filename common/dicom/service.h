// What a module implements to be reached over DICOM. The listener (listener.h) calls these on an
// association's thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/charset.h"
#include "common/dicom/dataset.h"
#include "common/dicom/scan.h"

namespace tongjian::dicom {

// Who is calling. AE titles are the peer's own claim: they identify nobody. Identity is the
// certificate, or the endpoint and address of a listener that has none.
struct AssociationInfo {
  std::string id;  // For logs: unique in the process.
  std::string endpoint;
  std::string calling_ae;
  std::string called_ae;
  std::string peer_address;          // Numeric, without port.
  std::string peer_certificate_pem;  // Empty without TLS.
};

// Who may associate at all. Called before a presentation context is answered; a refusal rejects the
// association (UNAUTHENTICATED or PERMISSION_DENIED: calling AE not recognized; others: rejected
// transient).
class Admission {
 public:
  virtual ~Admission() = default;
  virtual absl::Status Admit(const AssociationInfo& info) = 0;
};

// ---- Storage ----

// From the C-STORE command; both UIDs have been checked for form.
struct StoreRequest {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
};

// One incoming object as a Part 10 file, in order. Ends by exactly one Finish or Abandon. The
// sender is answered with success only after Finish returned OK: the bytes and the row that finds
// them must be durable by then.
class StoreSink {
 public:
  virtual ~StoreSink() = default;
  virtual absl::Status Append(std::string_view bytes) = 0;
  // `header`: the whole data set has been scanned, its UIDs are valid and agree with the request.
  virtual absl::Status Finish(const Header& header) = 0;
  // The sender broke off, the scan refused, or Append failed.
  virtual void Abandon() = 0;
};

// Status to C-STORE-RSP: RESOURCE_EXHAUSTED A700, INVALID_ARGUMENT C000 (a mismatch of UIDs A900),
// PERMISSION_DENIED 0124, others 0110: nothing but OK is success. The message becomes the Error
// Comment, so no patient data in it.
class StoreHandler {
 public:
  virtual ~StoreHandler() = default;
  virtual absl::StatusOr<std::unique_ptr<StoreSink>> Begin(const AssociationInfo& info,
                                                           const StoreRequest& request) = 0;
  // An object was refused, and neither Begin nor StoreSink::Finish said so: it is malformed, or
  // Append failed. For the trail.
  virtual void Refused(const AssociationInfo&, const absl::Status& /*refusal*/) {}
};

// ---- Query ----

struct FindRequest {
  std::string sop_class_uid;
  Dataset identifier;    // Keys, UTF-8.
  CharacterSet charset;  // What the requester wrote in; responses go out in it unless SetCharset
                         // says otherwise.
};

class FindResponder {
 public:
  virtual ~FindResponder() = default;
  // One match, sent at once as pending. CANCELLED once the requester has cancelled or gone;
  // RESOURCE_EXHAUSTED beyond the listener's limit: return it then.
  virtual absl::Status Send(const Dataset& match) = 0;
  // What Send would answer now: for those who look for long without a match.
  virtual absl::Status Check() = 0;
  // The character set of the responses that follow (a device known to read only GBK).
  virtual void SetCharset(CharacterSet charset) = 0;
};

// OK ends with success, CANCELLED with FE00, INVALID_ARGUMENT A900, RESOURCE_EXHAUSTED A700, others
// C000.
class FindHandler {
 public:
  virtual ~FindHandler() = default;
  virtual absl::Status Find(const AssociationInfo& info, const FindRequest& request,
                            FindResponder& responder) = 0;
};

// ---- Retrieval ----

// Reads a stored object (a Part 10 file) from its beginning. Returns how many bytes were put in, 0
// at the end.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
};

struct StoredObject {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  std::string transfer_syntax_uid;
  std::function<absl::StatusOr<std::unique_ptr<ObjectSource>>()> open;
};

struct Destination {
  std::string ae_title;
  std::string host;
  uint16_t port = 0;
};

struct MoveRequest {
  std::string sop_class_uid;
  std::string destination_ae;
  Dataset identifier;
};

struct MovePlan {
  Destination destination;
  std::vector<StoredObject> objects;
};

struct MoveCounts {
  int remaining = 0;
  int completed = 0;
  int failed = 0;
  int warning = 0;
};

// Plans a C-MOVE: what goes where. NOT_FOUND with reason DESTINATION_UNKNOWN answers A801,
// PERMISSION_DENIED 0124, INVALID_ARGUMENT A900, others C000. The listener then sends the objects,
// as they are stored, and reports counts.
class MoveHandler {
 public:
  virtual ~MoveHandler() = default;
  virtual absl::StatusOr<MovePlan> Plan(const AssociationInfo& info,
                                        const MoveRequest& request) = 0;
  virtual void Moved(const AssociationInfo& info, const MoveRequest& request,
                     const MoveCounts& counts) = 0;
};

struct GetRequest {
  std::string sop_class_uid;
  Dataset identifier;
};

// Plans a C-GET: what goes to the requester on its own association, as it is stored. Failures answer
// as a C-MOVE's.
class GetHandler {
 public:
  virtual ~GetHandler() = default;
  virtual absl::StatusOr<std::vector<StoredObject>> Plan(const AssociationInfo& info,
                                                         const GetRequest& request) = 0;
  // The transfer syntaxes that objects of a class are stored in, as far as that is known: of those
  // that a requester offers in one context one alone can be accepted.
  virtual std::vector<std::string> StoredSyntaxes(std::string_view sop_class_uid) = 0;
  virtual void Got(const AssociationInfo& info, const MoveCounts& counts) = 0;
};

// ---- Normalized services: modality performed procedure step, storage commitment ----

enum class NormalizedOperation { kCreate, kSet, kGet, kAction, kEventReport, kDelete };

struct NormalizedRequest {
  NormalizedOperation operation = NormalizedOperation::kCreate;
  std::string sop_class_uid;
  std::string sop_instance_uid;  // May be empty with kCreate.
  int type_id = 0;               // Action or event type.
  Dataset attributes;
};

struct NormalizedReply {
  std::string sop_instance_uid;  // The one made, with kCreate; empty means the requested one.
  Dataset attributes;            // Sent where not empty.
};

// Sends events on the association a request came on. Only within NormalizedHandler::Answered.
class EventChannel {
 public:
  virtual ~EventChannel() = default;
  // N-EVENT-REPORT; OK once the peer has answered it with success. INTERNAL with the peer's failure
  // status; everything else is the association's end, or that the peer has gone on to something
  // else: tell it on an association of its own.
  virtual absl::Status Report(const NormalizedRequest& event) = 0;
};

// NOT_FOUND answers 0112, ALREADY_EXISTS 0111 (0131 for a transaction), INVALID_ARGUMENT 0106 (0120
// and 0121 for what is missing), RESOURCE_EXHAUSTED 0213, UNIMPLEMENTED 0211, FAILED_PRECONDITION
// and others 0110 (performed_step.h, commitment.h have the reasons).
class NormalizedHandler {
 public:
  virtual ~NormalizedHandler() = default;
  virtual absl::StatusOr<NormalizedReply> Handle(const AssociationInfo& info,
                                                 const NormalizedRequest& request) = 0;
  // The answer of success to `request` has gone out; the association waits for the peer's next
  // message while this runs. Not called for what came in the middle of another event.
  virtual void Answered(const AssociationInfo&, const NormalizedRequest& /*request*/,
                        EventChannel&) {}
};

}  // namespace tongjian::dicom
