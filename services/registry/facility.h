// Facilities and communities: dated names, and findings that warn and never block.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tongjian::registry {

// A name with the days it holds (YYYY-MM-DD, empty is open).
struct DatedName {
  std::string name;
  std::string from;
  std::string to;
  bool operator==(const DatedName& other) const = default;
};

// The names after the current one becomes `name` on `today`: the one before ends the day before,
// second name plates stay. Without a change the names as they were; a first name has no first day.
std::vector<DatedName> Renamed(std::vector<DatedName> names, std::string_view before,
                               std::string_view name, std::string_view today);

// The first of the names that held on `day`; empty when none did.
std::string NameOn(const std::vector<DatedName>& names, std::string_view day);

// What is odd about a facility's numbers: a credit code that fails GB 32100, an institution code
// that is not 22 or 23 characters of 0-9, A-Z and '-' (WS 218). Empty numbers are not odd.
std::vector<std::string> NumberWarnings(std::string_view legal_entity_code,
                                        std::string_view institution_code);

// The lead of a county community as far as its qualification goes.
struct Lead {
  std::string kind_code;   // WS 218
  std::string grade_code;  // "1" 三级特等 ... "5" 二级甲等 ..., empty not known.
  bool for_profit = false;
};

// More county communities in one county than this are a finding (S4: 最多不超过3个); so is a lead
// below 二级甲等, run for profit, or neither general (A1) nor TCM (A2, A3) hospital (S4:
// 二甲以上非营利性综合医院或中医医院).
inline constexpr int64_t kCommunitiesPerCountyMax = 3;
std::vector<std::string> CommunityWarnings(const Lead& lead, int64_t county_communities);

}  // namespace tongjian::registry
