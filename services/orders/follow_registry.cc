#include "services/orders/follow_registry.h"

#include <vector>

#include "common/feed/change.h"
#include "services/orders/patient_link_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

constexpr int64_t kPage = 200;

const Deed kLinked = {"patient linked", "service:registry", "", ""};

// In this order the facility gave no number of its own: the registry names it.
absl::Status RelinkOne(store::Transaction& tx, const NewsParts& parts, const std::string& order_id,
                       const std::string& patient_id) {
  const absl::StatusOr<Order> before = parts.store.Find(tx, security::Scope::Service(), order_id);
  if (absl::IsNotFound(before.status())) return absl::OkStatus();  // Another hub's, restored.
  TJ_TRY(before.status());
  const bool numbered = !before->patient.facility_patient_id.empty();  // The number says it since.
  if (numbered || before->patient.patient_id == patient_id) return absl::OkStatus();
  Order after = *before;
  after.patient.patient_id = patient_id;
  return parts.journal.Change(tx, *before, after, kLinked);
}

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
      TJ_TRY(parts.journal.Change(tx, before, after, kLinked));
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
      if (!link.order_id().empty())
        TJ_TRY(RelinkOne(tx, parts, link.order_id(), changed->patient().id()));
      if (link.facility_patient_id().empty()) continue;
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
