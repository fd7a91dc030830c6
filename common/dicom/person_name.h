// Person names (PS3.5 6.2.1) as parts, and the form they are searched by.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::dicom {

// The three groups of a PN value in UTF-8, each still with its caret-separated components.
struct PersonName {
  std::string alphabetic;   // WANG^XIAODONG
  std::string ideographic;  // 王^小东
  std::string phonetic;
  bool operator==(const PersonName&) const = default;
};

// Of decoded (UTF-8) text. A single group that holds Han characters stands as it is in
// `alphabetic`.
PersonName ParsePersonName(std::string_view utf8);
// Groups joined by '=', trailing empty ones left out.
std::string PersonNameText(const PersonName& name);
// The ideographic group where there is one, else the alphabetic; components joined without carets.
std::string DisplayName(const PersonName& name);

// Case, accents and width folded, carets and runs of spaces one space, trimmed: equal keys are the
// same name to a searcher. Wildcards * and ? pass through.
std::string SearchKey(std::string_view utf8_name);

// Whether a name is meant by a key of a query: folded, wildcards allowed. A key of one group may mean
// any group of the name; of a key with several (WANG*=王*) each that says something must. Where the key
// or the group has no caret, separators count for nothing: "王小东" means 王^小东.
bool MatchesPersonName(std::string_view key, std::string_view utf8_name);

}  // namespace tongjian::dicom
