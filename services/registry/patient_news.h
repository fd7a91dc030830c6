// Reading and writing a patient together with its announcement on the feed.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/patient.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::security {
class Scope;
}
namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

// NOT_FOUND when it is not there or not in scope.
absl::StatusOr<Patient> RequirePatient(store::Session& session, const security::Scope& scope,
                                       std::string_view id);

// Who the patient counts as, behind merges.
absl::StatusOr<Patient> Survivor(store::Session& session, std::string_view id);

// Emits a PatientChanged with all words that count for the patient. Services get all; facilities
// those of the patients they have a number of.
absl::Status AnnouncePatient(store::Transaction& tx, events::v1::PatientChange change,
                             const Patient& patient);

// Writes the patient, reads it back and announces it.
absl::StatusOr<Patient> SavePatient(store::Transaction& tx, const Patient& patient,
                                    events::v1::PatientChange change);

}  // namespace tongjian::registry
