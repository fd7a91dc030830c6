// Storage commitment, push model (PS3.4 annex J): what is asked, and what is answered.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/dicom/service.h"

namespace tongjian::dicom {

// Reason of the refusal of a transaction UID that came with another request: 0131.
inline constexpr char kTransactionRepeated[] = "TRANSACTION_REPEATED";

struct CommitmentReference {
  std::string sop_class_uid;
  std::string sop_instance_uid;
  bool operator==(const CommitmentReference&) const = default;
};

struct CommitmentRequest {
  std::string transaction_uid;
  std::vector<CommitmentReference> references;  // At least one.
};

// Why an instance is not committed (PS3.3 C.14.1.1).
enum class CommitmentFailure {
  kNone = 0,
  kProcessing = 0x0110,          // It is here and cannot be read as it was sent.
  kNoSuchInstance = 0x0112,      // It is not here.
  kClassConflict = 0x0119,       // It is here, of another SOP class.
  kDuplicateTransaction = 0x0131,
  kResourceLimitation = 0x0213,  // It could not be taken: no room.
};

struct CommitmentVerdict {
  CommitmentReference reference;
  CommitmentFailure failure = CommitmentFailure::kNone;  // None: committed.
};

// What an N-ACTION asks. INVALID_ARGUMENT where it names no transaction or no instance, UNIMPLEMENTED
// for another action, NOT_FOUND for another than the well-known instance.
absl::StatusOr<CommitmentRequest> ReadCommitment(const NormalizedRequest& request);

// The N-ACTION that asks so: for a client.
NormalizedRequest CommitmentAction(const CommitmentRequest& request);

// The N-EVENT-REPORT that answers it: event 1 where all are committed, else 2. `retrieve_ae_title`:
// where they can be had, or empty.
NormalizedRequest CommitmentReport(const std::string& transaction_uid,
                                   const std::vector<CommitmentVerdict>& verdicts,
                                   const std::string& retrieve_ae_title);

// What an N-EVENT-REPORT says: for a client. INVALID_ARGUMENT without a transaction UID.
struct CommitmentResult {
  std::string transaction_uid;
  std::vector<CommitmentVerdict> verdicts;
};
absl::StatusOr<CommitmentResult> ReadReport(const NormalizedRequest& event);

}  // namespace tongjian::dicom
