#include "services/imaging/places.h"

#include <arpa/inet.h>

#include <algorithm>
#include <vector>

namespace tongjian::imaging {
namespace {

constexpr int kLevelsMax = 16;  // A circle of parents must not hold anybody up.

bool IsNumeric(const std::string& address) {
  unsigned char bytes[16];
  return inet_pton(AF_INET, address.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, address.c_str(), bytes) == 1;
}

std::optional<Device> Only(const std::vector<Device>& devices) {
  if (devices.size() != 1) return std::nullopt;
  return devices.front();
}

}  // namespace

void Places::SetFacility(std::string_view id, std::string_view parent_id) {
  const std::lock_guard lock(mutex_);
  parents_.insert_or_assign(std::string(id), std::string(parent_id));
}

void Places::SetDevice(const Device& device) {
  const std::lock_guard lock(mutex_);
  if (const auto old = devices_.find(device.id); old != devices_.end()) {
    const auto [first, last] = by_title_.equal_range(old->second.ae_title);
    for (auto it = first; it != last; ++it) {
      if (it->second != device.id) continue;
      by_title_.erase(it);
      break;
    }
  }
  Device& kept = devices_[device.id] = device;
  if (!IsNumeric(kept.address)) kept.address.clear();
  by_title_.emplace(device.ae_title, device.id);
}

std::vector<std::string> Places::Ancestry(std::string_view facility_id) const {
  std::vector<std::string> ancestry;
  const std::lock_guard lock(mutex_);
  for (int level = 0; level < kLevelsMax && !facility_id.empty(); ++level) {
    ancestry.emplace_back(facility_id);
    const auto parent = parents_.find(facility_id);
    if (parent == parents_.end()) break;
    facility_id = parent->second;
  }
  return ancestry;
}

bool Places::Within(std::string_view facility_id, std::string_view above_id) const {
  const std::vector<std::string> ancestry = Ancestry(facility_id);
  return std::find(ancestry.begin(), ancestry.end(), above_id) != ancestry.end();
}

bool Places::SameFamily(std::string_view a, std::string_view b) const {
  return Within(a, b) || Within(b, a);
}

std::vector<std::string> Places::ReadersOf(const Study& study, absl::Time now) const {
  return serving_.ReadersOf(Ancestry(study.facility_id), study.modalities, now);
}

std::optional<Device> Places::FindDevice(std::string_view id) const {
  const std::lock_guard lock(mutex_);
  const auto device = devices_.find(id);
  if (device == devices_.end()) return std::nullopt;
  return device->second;
}

std::optional<Device> Places::Recognize(std::string_view ae_title, std::string_view address,
                                        std::string_view facility_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Device> here, anywhere;
  const auto [first, last] = by_title_.equal_range(ae_title);
  for (auto it = first; it != last; ++it) {
    const Device& device = devices_.at(it->second);
    if (!device.active || (!facility_id.empty() && device.facility_id != facility_id)) continue;
    if (device.address == address) here.push_back(device);
    if (device.address.empty()) anywhere.push_back(device);
  }
  return Only(here.empty() ? anywhere : here);
}

std::optional<Device> Places::Destination(std::string_view ae_title,
                                          std::string_view facility_id) const {
  const std::lock_guard lock(mutex_);
  std::vector<Device> own;
  const auto [first, last] = by_title_.equal_range(ae_title);
  for (auto it = first; it != last; ++it) {
    const Device& device = devices_.at(it->second);
    if (!device.active || device.port == 0 || device.address.empty()) continue;
    if (device.facility_id == facility_id) own.push_back(device);
  }
  return Only(own);
}

}  // namespace tongjian::imaging
