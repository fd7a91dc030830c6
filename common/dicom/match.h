// Query matching (PS3.4 C.2.2.2): one key against one candidate, and response shaping.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/dicom/dataset.h"

namespace tongjian::dicom {

// A date or time key. Both ends inclusive, empty where open; digits only (YYYYMMDD or HHMMSS with
// fraction).
struct Range {
  std::string from;
  std::string to;
};

// "20260101-20260131", "-20260131", "20260101-", "20260101"; colons and dots of ACR-NEMA forms are
// taken off. Nothing where `key` is no such thing.
std::optional<Range> ParseRange(std::string_view key);

// True where `key` holds * or ?.
bool HasWildcard(std::string_view key);
// * is any run, ? one character (not byte). Linear in both lengths but for one backtrack point.
bool MatchesWildcard(std::string_view pattern, std::string_view text);

// A key's element against a candidate's: universal (empty), list of UID, range for DA TM DT, name
// folding for PN (MatchesPersonName), wildcard for other text, any value of a multi-valued candidate; sequences match
// if one item matches every key of the query's item.
bool MatchesElement(Tag tag, const Dataset::Element& key, const Dataset::Element* candidate);

// A date range and a time range as one range of moments (PS3.4 C.2.2.2.5.4): from the first day's
// first time to the last day's last.
bool MatchesDateTime(std::string_view date_key, std::string_view time_key, std::string_view date,
                     std::string_view time);

// All keys of `query` but character set, query level and group lengths.
bool Matches(const Dataset& query, const Dataset& candidate);

// What to answer: the elements `query` asks for, filled from `candidate`, empty where it has none.
// A sequence with an item of keys is answered by the candidate's items, each reduced to those keys;
// an empty one by whole items.
Dataset Project(const Dataset& query, const Dataset& candidate);

}  // namespace tongjian::dicom
