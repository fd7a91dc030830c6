// The rows of master patients, their numbers and merges.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/matching.h"
#include "services/registry/patient.h"

namespace tongjian::security {
class Scope;
}
namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

// The patient with its numbers: its own and those of who was merged into it; a merged one with
// those it was given. Nothing when it is not there or no facility of the scope has a number of it.
absl::StatusOr<std::optional<Patient>> FindPatient(store::Session& session,
                                                   const security::Scope& scope,
                                                   std::string_view id);

// Who stands under the facility's number, behind merges.
absl::StatusOr<std::vector<Candidate>> CandidatesByNumber(store::Session& session,
                                                          std::string_view facility_id,
                                                          std::string_view number);
// Who has one of these documents as a verified one, behind merges.
absl::StatusOr<std::vector<Candidate>> CandidatesByDocument(
    store::Session& session, const std::vector<PatientIdentifier>& documents);

// Lets two changes that resolve the same number come one after the other.
absl::Status TouchNumber(store::Transaction& tx, std::string_view facility_id,
                         std::string_view number);

absl::Status InsertPatient(store::Transaction& tx, const Patient& patient);
// Writes the row with version + 1 and its own numbers as they now are. FAILED_PRECONDITION
// (ETAG_MISMATCH) unless the row has patient.version.
absl::Status UpdatePatient(store::Transaction& tx, const Patient& patient);

// The numbers of `source`, and of who was merged into it, count for `target` from now on. `id`: of
// the merge itself.
absl::Status RecordMerge(store::Transaction& tx, std::string_view id, std::string_view source_id,
                         std::string_view target_id, std::string_view reason);
// They count for `source` again.
absl::Status RecordUnmerge(store::Transaction& tx, std::string_view source_id,
                           std::string_view reason);

// What to search for: a number, or the beginning of a name, or a birth date; a name may go with a
// birth date.
struct PatientQuery {
  std::optional<PatientIdentifier> identifier;  // An empty assigner matches any.
  std::string name_prefix;                      // As written; folded here.
  std::string birth_date;
};
// Where a page ends: patients are found in the order of key and id. Merged ones are not found: who
// they became is.
struct PatientPosition {
  std::string key;
  std::string id;
};
struct FoundPatient {
  PatientPosition position;
  Patient patient;
};
absl::StatusOr<std::vector<FoundPatient>> SearchPatients(store::Session& session,
                                                         const security::Scope& scope,
                                                         const PatientQuery& query,
                                                         const PatientPosition& after,
                                                         int64_t limit);

}  // namespace tongjian::registry
