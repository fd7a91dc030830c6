#include "services/registry/kinds.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace tongjian::registry {
namespace {

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

std::string ByFacility(std::string_view facility_id) {
  return absl::StrCat("facility:", View(facility_id));
}
std::string ByParent(std::string_view facility_id) {
  return absl::StrCat("parent:", View(facility_id));
}
std::string ByCommunity(std::string_view community_id) {
  return absl::StrCat("community:", View(community_id));
}

std::string ByCommunityAndFacility(std::string_view community_id, std::string_view facility_id) {
  return absl::StrCat("community:", View(community_id), "/", View(facility_id));
}

std::string ByCounty(std::string_view region_code) {
  return absl::StrCat("county:", View(region_code));
}
std::string ByDiscipline(int discipline) { return absl::StrCat("discipline:", discipline); }
std::string ByRecognitionCode(std::string_view code) {
  return absl::StrCat("recognition:", View(code));
}

std::string ByLocalCode(std::string_view facility_id, std::string_view code) {
  return absl::StrCat("code:", View(facility_id), "/", View(code));
}

std::string ByAeTitle(std::string_view facility_id, std::string_view ae_title) {
  return absl::StrCat("ae:", View(facility_id), "/", View(ae_title));
}

absl::Status CheckText(std::string_view text, size_t bytes_max, std::string_view field) {
  if (text.size() > bytes_max)
    return base::InvalidField(field, absl::StrCat("at most ", bytes_max, " bytes"));
  return absl::OkStatus();
}

absl::Status CheckRequired(std::string_view text, size_t bytes_max, std::string_view field) {
  if (text.empty()) return base::InvalidField(field, "must not be empty");
  return CheckText(text, bytes_max, field);
}

}  // namespace tongjian::registry
