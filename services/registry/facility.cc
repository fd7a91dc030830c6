#include "services/registry/facility.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "services/registry/days.h"
#include "services/registry/identifiers.h"

namespace tongjian::registry {
namespace {

constexpr int kGradeSecondA = 5;  // 二级甲等; smaller is higher.

std::string DayBefore(std::string_view day) {
  absl::CivilDay civil;
  if (!absl::ParseCivilTime(absl::string_view(day.data(), day.size()), &civil))
    return std::string(day);
  return absl::FormatCivilTime(civil - 1);
}

bool IsInstitutionCode(std::string_view code) {
  return (code.size() == 22 || code.size() == 23) &&
         std::all_of(code.begin(), code.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '-';
         });
}

}  // namespace

std::vector<DatedName> Renamed(std::vector<DatedName> names, std::string_view before,
                               std::string_view name, std::string_view today) {
  const bool listed = std::any_of(names.begin(), names.end(), [&](const DatedName& dated) {
    return dated.name == name && Covers(dated.from, dated.to, today);
  });
  if (listed) return names;
  for (DatedName& dated : names) {
    if (dated.name == before && dated.to.empty()) dated.to = DayBefore(today);
  }
  names.push_back({std::string(name), names.empty() ? "" : std::string(today), ""});
  return names;
}

std::string NameOn(const std::vector<DatedName>& names, std::string_view day) {
  for (const DatedName& dated : names) {
    if (Covers(dated.from, dated.to, day)) return dated.name;
  }
  return "";
}

std::vector<std::string> NumberWarnings(std::string_view legal_entity_code,
                                        std::string_view institution_code) {
  std::vector<std::string> warnings;
  if (!legal_entity_code.empty() && !IsCreditCode(legal_entity_code)) {
    warnings.push_back("legal_entity_code fails its check character (GB 32100)");
  }
  if (!institution_code.empty() && !IsInstitutionCode(institution_code)) {
    warnings.push_back("institution_code is not 22 or 23 characters of 0-9, A-Z and '-' (WS 218)");
  }
  return warnings;
}

std::vector<std::string> CommunityWarnings(const Lead& lead, int64_t county_communities) {
  std::vector<std::string> warnings;
  int grade = 0;
  if (!lead.grade_code.empty() &&
      (!absl::SimpleAtoi(lead.grade_code, &grade) || grade > kGradeSecondA)) {
    warnings.push_back("the lead is graded below 二级甲等");
  }
  if (lead.for_profit) warnings.push_back("the lead is run for profit");
  const bool fit = lead.kind_code.starts_with("A1") || lead.kind_code.starts_with("A2") ||
                   lead.kind_code.starts_with("A3");
  if (!lead.kind_code.empty() && !fit)
    warnings.push_back("the lead is neither a general nor a TCM hospital");
  if (county_communities > kCommunitiesPerCountyMax) {
    warnings.push_back(absl::StrCat("the county has ", county_communities,
                                    " communities, more than ", kCommunitiesPerCountyMax));
  }
  return warnings;
}

}  // namespace tongjian::registry
