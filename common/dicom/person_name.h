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

// Case and width folded, carets and runs of spaces one space, trimmed: equal keys are the same name
// to a searcher. Wildcards * and ? pass through.
std::string SearchKey(std::string_view utf8_name);

}  // namespace tongjian::dicom
