#include "services/exchange/follow_registry.h"

#include "common/feed/change.h"
#include "services/exchange/decisions.h"
#include "services/exchange/publisher.h"
#include "services/exchange/result_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {

namespace {

Verification VerificationIn(const registry::v1::Patient& patient) {
  return {.verified = patient.state() == registry::v1::PATIENT_STATE_VERIFIED,
          .sharing_refused = patient.sharing_refused()};
}

}  // namespace

feed::Mirror::Changed FollowRegistry(const Publisher& publisher, const Decisions& decisions) {
  return [&](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::PatientChanged>(event);
    if (!changed) return absl::OkStatus();
    const registry::v1::Patient& patient = changed->patient();
    TJ_ASSIGN_OR_RETURN(const Verification before, VerificationOf(tx, patient.id()));
    TJ_TRY(SetVerification(tx, patient.id(), VerificationIn(patient)));
    if (before.sharing_refused != patient.sharing_refused()) TJ_TRY(ResultStore::TellConsent(tx, patient.id()));
    for (const events::v1::PatientLink& link : changed->links()) {
      const Words words = {link.facility_id(), link.facility_patient_id(), link.name(), link.birth_date()};
      if (!words.linkable()) continue;  // Orders follows that one, and tells us with the order.
      TJ_TRY(publisher.Relink(tx, words, patient.id()));
      TJ_TRY(decisions.Relink(tx, words, patient.id()));
    }
    // What has no number is linked by its order.
    return publisher.RefreshUnconfirmed(tx, patient.id());
  };
}

}  // namespace tongjian::exchange
