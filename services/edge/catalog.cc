#include "services/edge/catalog.h"

#include <algorithm>

#include "common/base/status.h"
#include "services/edge/link.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::edge {
namespace {

using events::v1::DeviceChanged;
using events::v1::FacilityChanged;
using events::v1::ItemChanged;

bool HasCode(const registry::v1::Item& item, const std::string& facility_id,
             const std::string& code) {
  return std::any_of(item.local_codes().begin(), item.local_codes().end(), [&](const auto& local) {
    return local.facility_id() == facility_id && local.code() == code;
  });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Catalog>> Catalog::Open(const Link& link,
                                                       store::Database& database,
                                                       telemetry::Registry& metrics) {
  TJ_ASSIGN_OR_RETURN(
      std::unique_ptr<feed::Mirror> mirror,
      feed::Mirror::Open({.feed = "registry"}, {"ItemChanged", "FacilityChanged", "DeviceChanged"}, link.Calls(),
                         rpc::OutgoingIdentity::Machine(), database, metrics));
  return std::unique_ptr<Catalog>(new Catalog(std::move(mirror)));
}

std::optional<common::v1::Discipline> Catalog::Fill(const std::string& facility_id,
                                                    orders::v1::OrderItem& item) const {
  std::shared_ptr<const ItemChanged> known;
  if (!item.item_id().empty()) known = mirror_->Find<ItemChanged>(item.item_id());
  registry::v1::Item fact;
  if (known != nullptr) {
    fact = known->item();
  } else if (item.item_id().empty() && !item.local_code().empty()) {
    mirror_->ForEach<ItemChanged>([&](const std::string&, const ItemChanged& changed) {
      if (!HasCode(changed.item(), facility_id, item.local_code())) return true;
      fact = changed.item();
      return false;
    });
  }
  if (fact.id().empty()) return std::nullopt;
  if (item.name().empty()) item.set_name(fact.name());
  if (item.modality().empty()) item.set_modality(fact.modality());
  if (item.body_part().empty()) item.set_body_part(fact.body_part());
  if (item.recognition_code().empty()) item.set_recognition_code(fact.recognition_code());
  return fact.discipline();
}

std::optional<registry::v1::Device> Catalog::FindDevice(const std::string& facility_id,
                                                        const std::string& ae_title) const {
  std::optional<registry::v1::Device> found;
  mirror_->ForEach<DeviceChanged>([&](const std::string&, const DeviceChanged& changed) {
    const registry::v1::Device& device = changed.device();
    if (device.active() && device.facility_id() == facility_id && device.ae_title() == ae_title)
      found = device;
    return !found.has_value();
  });
  return found;
}

std::string Catalog::FacilityName(const std::string& facility_id) const {
  const auto known = mirror_->Find<FacilityChanged>(facility_id);
  return known == nullptr ? std::string() : known->facility().name();
}

}  // namespace tongjian::edge
