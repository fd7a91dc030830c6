#include "services/reading/names.h"

#include "common/feed/mirror.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::reading {

std::string RegistryNames::Facility(const std::string& id) const {
  const auto changed = registry_.Find<events::v1::FacilityChanged>(id);
  return changed == nullptr ? std::string() : changed->facility().name();
}

std::string RegistryNames::Practitioner(const std::string& id) const {
  const auto changed = registry_.Find<events::v1::PractitionerChanged>(id);
  return changed == nullptr ? std::string() : changed->practitioner().name();
}

}  // namespace tongjian::reading
