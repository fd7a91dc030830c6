#include "services/registry/consents.h"

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/consent_store.h"
#include "services/registry/patient_news.h"

namespace tongjian::registry {

absl::StatusOr<Consent> Consents::Record(store::Transaction& tx, const security::Scope& scope,
                                         Consent consent) const {
  TJ_TRY(CheckConsent(consent));
  if (!scope.Contains(consent.facility_id))
    return base::InvalidField("consent.facility_id", "another facility");
  TJ_ASSIGN_OR_RETURN(const Patient patient, RequirePatient(tx, scope, consent.patient_id));
  if (patient.state == PatientState::kMerged) {
    return base::Conflict("STATE_NOT_ALLOWED",
                          "the patient is merged: record it on the one it was merged into");
  }
  TJ_ASSIGN_OR_RETURN(const auto before, ConsentsFor(tx, patient.id));
  if (consent.decision == Decision::kWithdrawn && !AnyGranted(before)) {
    return base::Conflict("STATE_NOT_ALLOWED", "no agreement stands recorded: record REFUSED");
  }
  consent.id = ids_.New();
  consent.recorded = tx.Now();
  TJ_TRY(InsertConsent(tx, consent));
  // The row is written too, so that two who record at once come one after the other.
  TJ_TRY(SavePatient(tx, patient, events::v1::PATIENT_CHANGE_CONSENT).status());
  return consent;
}

}  // namespace tongjian::registry
