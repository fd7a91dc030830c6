#include "services/exchange/follow_registry.h"

#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "services/exchange/decisions.h"
#include "services/exchange/publisher.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {

namespace {

Verification VerificationIn(const registry::v1::Patient& patient, absl::Time now) {
  Verification found;
  found.verified = patient.state() == registry::v1::PATIENT_STATE_VERIFIED;
  found.since = patient.has_update_time() ? rpc::FromProto(patient.update_time()) : now;
  for (const common::v1::Identifier& identifier : patient.identifiers()) {
    const bool document = identifier.assigner_facility_id().empty();  // Other numbers are some facility's.
    if (document) *found.documents.add_identifiers() = identifier;
  }
  return found;
}

}  // namespace

feed::Mirror::Changed FollowRegistry(const Publisher& publisher, const Decisions& decisions) {
  return [&](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::PatientChanged>(event);
    if (!changed) return absl::OkStatus();
    const registry::v1::Patient& patient = changed->patient();
    TJ_TRY(SetVerification(tx, patient.id(), VerificationIn(patient, tx.Now())));
    for (const events::v1::PatientLink& link : changed->links()) {
      const Words words = {link.facility_id(), link.facility_patient_id(), link.name(), link.birth_date()};
      if (!words.linkable()) continue;  // They could be anybody's.
      TJ_TRY(publisher.Relink(tx, words, patient.id()));
      TJ_TRY(decisions.Relink(tx, words, patient.id()));
    }
    // What has no number is linked by its order and is not among these words.
    return publisher.RefreshUnconfirmed(tx, patient.id());
  };
}

}  // namespace tongjian::exchange
