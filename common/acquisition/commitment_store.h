// Requests for storage commitment in the database of a service: the table `commitment` of its schema.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/dicom/commitment.h"
#include "common/store/transaction.h"

namespace tongjian::acquisition {

// Waiting: nothing is decided yet. Decided: the device has not heard of it yet. Reported: it has.
// Failed: it could not be told; a person may have it tried again.
enum class CommitmentState { kWaiting = 1, kDecided = 2, kReported = 3, kFailed = 4 };

std::string_view Name(CommitmentState state);  // "waiting"

struct Commitment {
  std::string id;
  std::string facility_id;
  std::string transaction_uid;
  std::string device_ae_title;
  std::string device_address;  // Where it called from.
  std::string called_ae_title;  // What it calls us.
  CommitmentState state = CommitmentState::kWaiting;
  std::vector<dicom::CommitmentVerdict> verdicts;  // Without failures while waiting.
  int64_t delivery_id = 0;                         // Of its report; 0 until the first try.
  std::string last_error;
  absl::Time created;
  absl::Time updated;

  int64_t failures() const;
};

absl::Status InsertCommitment(store::Transaction& tx, const Commitment& commitment);
// State, verdicts, delivery and error.
absl::Status UpdateCommitment(store::Transaction& tx, const Commitment& commitment);
absl::StatusOr<std::optional<Commitment>> FindCommitment(store::Session& session,
                                                         std::string_view id);
absl::StatusOr<std::optional<Commitment>> FindCommitment(store::Session& session,
                                                         std::string_view facility_id,
                                                         std::string_view device_ae_title,
                                                         std::string_view transaction_uid);

// Newest first, before the one given; of one facility if it is named.
struct CommitmentFilter {
  std::string facility_id;
  std::optional<CommitmentState> state;
  absl::Time before_created = absl::InfiniteFuture();
  std::string before_id;
};
absl::StatusOr<std::vector<Commitment>> ListCommitments(store::Session& session,
                                                        const CommitmentFilter& filter,
                                                        int64_t limit);

absl::StatusOr<int64_t> CountCommitments(store::Session& session, CommitmentState state);

// Forgets at most `limit` that were reported before `before`.
absl::StatusOr<int64_t> TrimCommitments(store::Transaction& tx, absl::Time before, int64_t limit);

}  // namespace tongjian::acquisition
