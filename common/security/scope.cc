#include "common/security/scope.h"

#include <algorithm>
#include <utility>

namespace tongjian::security {

Scope::Scope(bool all, std::vector<std::string> facilities, Purpose purpose,
             std::string_view reason)
    : all_(all), facilities_(std::move(facilities)), purpose_(purpose), reason_(reason) {
  // A row that belongs to no facility has an empty id, and no list of facilities may match it.
  std::erase(facilities_, "");
  std::sort(facilities_.begin(), facilities_.end());
  facilities_.erase(std::unique(facilities_.begin(), facilities_.end()), facilities_.end());
}

Scope Scope::Service() { return Scope(true, {}, Purpose::kUnspecified, "service"); }

Scope Scope::Everything(std::string_view reason, Purpose purpose) {
  return Scope(true, {}, purpose, reason);
}

Scope Scope::Facilities(std::vector<std::string> ids, Purpose purpose) {
  return Scope(false, std::move(ids), purpose, "");
}

Scope Scope::Nothing() { return Scope(false, {}, Purpose::kUnspecified, ""); }

Scope Scope::With(std::string_view facility_id) const {
  if (all_) return *this;
  std::vector<std::string> ids = facilities_;
  ids.emplace_back(facility_id);
  return Scope(false, std::move(ids), purpose_, reason_);
}

Scope Scope::For(Purpose purpose) const {
  Scope scope = *this;
  scope.purpose_ = purpose;
  return scope;
}

bool Scope::Contains(std::string_view facility_id) const {
  return all_ || std::binary_search(facilities_.begin(), facilities_.end(), facility_id);
}

bool Scope::ContainsAny(std::initializer_list<std::string_view> facility_ids) const {
  return std::any_of(facility_ids.begin(), facility_ids.end(),
                     [this](std::string_view id) { return Contains(id); });
}

}  // namespace tongjian::security
