#include "services/orders/follow_registry.h"

#include <vector>

#include "common/feed/change.h"
#include "services/orders/patient_link_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

constexpr int64_t kPage = 200;

absl::Status Relink(store::Transaction& tx, const NewsParts& parts, const Patient& words,
                    const std::string& patient_id) {
  TJ_TRY(LinkWords(tx, words, patient_id));
  while (true) {
    TJ_ASSIGN_OR_RETURN(
        const std::vector<Order> orders,
        parts.store.WithWords(tx, security::Scope::Service(), words, patient_id, kPage));
    for (const Order& before : orders) {
      Order after = before;
      after.patient.patient_id = patient_id;
      TJ_TRY(
          parts.journal.Change(tx, before, after, {"patient linked", "service:registry", "", ""}));
    }
    if (static_cast<int64_t>(orders.size()) < kPage) return absl::OkStatus();
  }
}

}  // namespace

feed::Mirror::Changed FollowRegistry(const NewsParts& parts) {
  return [&parts](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::PatientChanged>(event);
    if (!changed) return absl::OkStatus();
    for (const events::v1::PatientLink& link : changed->links()) {
      const Patient words = {.facility_id = link.facility_id(),
                             .facility_patient_id = link.facility_patient_id(),
                             .name = link.name(),
                             .birth_date = link.birth_date()};
      TJ_TRY(Relink(tx, parts, words, changed->patient().id()));
    }
    return absl::OkStatus();
  };
}

}  // namespace tongjian::orders
