// What people and senders decide about studies: links, completeness, grades, conflicts.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/imaging/evidence.h"
#include "services/imaging/ingest.h"
#include "services/imaging/matcher.h"
#include "services/imaging/object_scan.h"

namespace tongjian::imaging {

// The sender's word that it is done, and what is here.
struct FinishReport {
  bool verified = false;
  int64_t instance_count = 0;
  std::vector<Study> studies;  // One; several where the UID came for several patients.
};

// A decision on a conflict, with the object it needs.
struct ConflictDecision {
  std::string id;
  bool take_later = false;
  WrittenObject later;  // Filled by Prepare when the later object shall take the place.
};

// Each change is part of the caller's transaction. NOT_FOUND for what is not there or out of scope.
// Safe for concurrent use; what it is given must outlive it.
class Desk {
 public:
  Desk(store::Database& database, blob::Store& blobs, Ingest& ingest, const Matcher& matcher,
       TimeRules times = {})
      : database_(database),
        blobs_(blobs),
        ingest_(ingest),
        matcher_(matcher),
        times_(std::move(times)) {}

  absl::StatusOr<Study> Link(store::Transaction& tx, const security::Scope& scope,
                             std::string_view study_id, std::string_view order_id, bool keep_others,
                             const Hand& hand) const;
  absl::StatusOr<Study> Unlink(store::Transaction& tx, const security::Scope& scope,
                               std::string_view study_id, std::string_view order_id,
                               const Hand& hand) const;
  absl::StatusOr<Study> Complete(store::Transaction& tx, const security::Scope& scope,
                                 std::string_view study_id, const Hand& hand) const;
  // Where the device's time cannot be relied on, or to put right what was confirmed before.
  // STATE_NOT_ALLOWED where the device's time stands; PERMISSION_DENIED for who neither recorded
  // nor reads it; INVALID_ARGUMENT for a time after the receipt or before `times.earliest`.
  absl::StatusOr<Study> ConfirmTime(store::Transaction& tx, const security::Scope& scope,
                                    std::string_view study_id, absl::Time performed,
                                    const Hand& hand) const;
  // `grade`: "A", "B" or "C"; the last two with a reason.
  absl::StatusOr<Study> Grade(store::Transaction& tx, const security::Scope& scope,
                              std::string_view study_id, std::string_view grade,
                              const Hand& hand) const;

  // The sender counted `count` instances (0: not counted).
  absl::StatusOr<FinishReport> Finish(store::Transaction& tx, std::string_view facility_id,
                                      std::string_view study_instance_uid, int64_t count,
                                      std::string_view actor) const;

  // Reads the later object, before the transaction.
  absl::Status Prepare(const security::Scope& scope, ConflictDecision& decision) const;
  // STATE_NOT_ALLOWED when it was decided before.
  absl::StatusOr<Conflict> Resolve(store::Transaction& tx, const security::Scope& scope,
                                   const ConflictDecision& decision, const Hand& hand) const;

 private:
  store::Database& database_;
  blob::Store& blobs_;
  Ingest& ingest_;
  const Matcher& matcher_;
  const TimeRules times_;
};

}  // namespace tongjian::imaging
