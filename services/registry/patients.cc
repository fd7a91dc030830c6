#include "services/registry/patients.h"

#include <algorithm>
#include <utility>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/patient_news.h"
#include "services/registry/patient_store.h"

namespace tongjian::registry {
namespace {

constexpr size_t kReasonMax = 500;

}  // namespace

absl::StatusOr<Patient> Patients::Get(store::Session& session, const security::Scope& scope,
                                      std::string_view id) {
  return RequirePatient(session, scope, id);
}

absl::StatusOr<Patient> Patients::Update(store::Transaction& tx, const security::Scope& scope,
                                         const Patient& wanted) const {
  TJ_ASSIGN_OR_RETURN(Patient patient, RequirePatient(tx, scope, wanted.id));
  patient.version = wanted.version;
  Patient corrected = wanted;
  for (const PatientIdentifier& identifier : corrected.identifiers) {
    const std::string& assigner = identifier.assigner_facility_id;
    if (!assigner.empty() && !scope.Contains(assigner)) {
      return base::InvalidField("patient.identifiers.assigner_facility_id",
                                "another facility's number");
    }
  }
  // The caller did not see other facilities' numbers and can't have meant to drop them.
  for (const PatientIdentifier& identifier : patient.identifiers) {
    const std::string& assigner = identifier.assigner_facility_id;
    if (!assigner.empty() && !scope.Contains(assigner)) corrected.identifiers.push_back(identifier);
  }
  TJ_TRY(Correct(corrected, &patient));
  return SavePatient(tx, patient, events::v1::PATIENT_CHANGE_UPDATED);
}

absl::StatusOr<Patient> Patients::Verify(store::Transaction& tx, const security::Scope& scope,
                                         std::string_view id,
                                         const PatientIdentifier& document) const {
  TJ_ASSIGN_OR_RETURN(Patient patient, RequirePatient(tx, scope, id));
  TJ_TRY(registry::Verify(document, &patient));
  TJ_ASSIGN_OR_RETURN(const auto holders, CandidatesByDocument(tx, {document}));
  for (const Candidate& holder : holders) {
    if (holder.patient_id != patient.id) AddNote(kDocumentElsewhere, &patient);
  }
  return SavePatient(tx, patient, events::v1::PATIENT_CHANGE_VERIFIED);
}

absl::StatusOr<Patient> Patients::Merge(store::Transaction& tx, const security::Scope& scope,
                                        std::string_view source_id, std::string_view target_id,
                                        std::string_view reason) const {
  if (reason.empty() || reason.size() > kReasonMax)
    return base::InvalidField("reason", "1 to 500 bytes");
  TJ_ASSIGN_OR_RETURN(Patient source, RequirePatient(tx, scope, source_id));
  TJ_ASSIGN_OR_RETURN(const Patient target, RequirePatient(tx, scope, target_id));
  TJ_TRY(CheckMerge(source, target));
  source.state = PatientState::kMerged;
  source.merged_into_id = target.id;
  // First, so that the source announces itself without the words that are no longer its own.
  TJ_TRY(RecordMerge(tx, ids_.New(), source.id, target.id, reason));
  TJ_ASSIGN_OR_RETURN(source, SavePatient(tx, source, events::v1::PATIENT_CHANGE_MERGED));
  // Read again: the numbers of the source now count for it.
  TJ_ASSIGN_OR_RETURN(const Patient grown,
                      RequirePatient(tx, security::Scope::Service(), target.id));
  return SavePatient(tx, grown, events::v1::PATIENT_CHANGE_UPDATED);
}

absl::StatusOr<Patient> Patients::Unmerge(store::Transaction& tx, const security::Scope& scope,
                                          std::string_view id, std::string_view reason) const {
  if (reason.empty() || reason.size() > kReasonMax)
    return base::InvalidField("reason", "1 to 500 bytes");
  TJ_ASSIGN_OR_RETURN(Patient source, RequirePatient(tx, scope, id));
  if (source.state != PatientState::kMerged)
    return base::Conflict("STATE_NOT_ALLOWED", "the patient is not merged");
  const std::string target_id = std::exchange(source.merged_into_id, "");
  const bool verified =
      std::any_of(source.identifiers.begin(), source.identifiers.end(),
                  [](const PatientIdentifier& identifier) { return identifier.verified; });
  source.state = verified ? PatientState::kVerified : PatientState::kProvisional;
  TJ_TRY(RecordUnmerge(tx, source.id, reason));
  TJ_ASSIGN_OR_RETURN(source, SavePatient(tx, source, events::v1::PATIENT_CHANGE_UNMERGED));
  TJ_ASSIGN_OR_RETURN(const Patient left, Survivor(tx, target_id));
  TJ_TRY(SavePatient(tx, left, events::v1::PATIENT_CHANGE_UPDATED).status());
  return source;
}

}  // namespace tongjian::registry
