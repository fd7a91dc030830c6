#include "services/reading/follow_registry.h"

#include "common/feed/change.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::reading {

feed::Mirror::Changed FollowRegistry(const Evidence& evidence) {
  return [&evidence](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::PatientChanged>(event);
    if (!changed) return absl::OkStatus();
    const PatientFact fact = {changed->patient().id(),
                              changed->patient().state() == registry::v1::PATIENT_STATE_VERIFIED};
    for (const events::v1::PatientLink& link : changed->links()) {
      if (!link.order_id().empty()) TJ_TRY(evidence.PatientNews(tx, link.order_id(), fact));
      if (link.facility_patient_id().empty()) continue;
      Patient words;
      words.facility_id = link.facility_id();
      words.facility_patient_id = link.facility_patient_id();
      words.name = link.name();
      words.birth_date = link.birth_date();
      TJ_TRY(evidence.PatientNews(tx, words, fact));
    }
    return absl::OkStatus();
  };
}

}  // namespace tongjian::reading
