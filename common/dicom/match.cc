#include "common/dicom/match.h"

#include <algorithm>

#include "common/dicom/charset_guess.h"
#include "common/dicom/person_name.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

bool IsRangeVr(std::string_view vr) { return vr == "DA" || vr == "TM" || vr == "DT"; }

// Digits of a date or time, without the ACR-NEMA separators; nothing where anything else is in it.
std::optional<std::string> Compact(std::string_view text) {
  std::string digits;
  bool dotted_date = false;
  for (const char c : TrimPadding(text)) {
    if (c == '.' && digits.size() == 4) dotted_date = true;
    if (c == ':' || (c == '.' && dotted_date)) continue;
    if (c != '.' && (c < '0' || c > '9')) return {};
    digits.push_back(c);
  }
  return digits;
}

bool InRange(const Range& range, std::string_view text) {
  const std::optional<std::string> value = Compact(text);
  if (!value || value->empty()) return false;
  // A bound of lower precision covers all that begins with it.
  if (!range.from.empty() &&
      value->substr(0, std::max(range.from.size(), size_t{1})) < range.from) {
    return false;
  }
  return range.to.empty() || value->substr(0, range.to.size()) <= range.to;
}

size_t CharacterSize(std::string_view text) { return std::max<size_t>(1, Utf8SequenceSize(text)); }

std::string WithoutSpaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

bool MatchesGroup(std::string_view pattern, std::string_view group) {
  const std::string wanted = SearchKey(pattern);
  const std::string text = SearchKey(group);
  if (MatchesWildcard(wanted, text)) return true;
  const auto has_caret = [](std::string_view name) {
    const size_t last = name.find_last_not_of("^ ");
    return last != std::string_view::npos && name.find('^') < last;
  };
  return !(has_caret(pattern) && has_caret(group)) &&
         MatchesWildcard(WithoutSpaces(wanted), WithoutSpaces(text));
}

bool MatchesValue(std::string_view vr, std::string_view key, std::string_view candidate) {
  if (vr == "PN") return MatchesPersonName(key, candidate);
  if (IsRangeVr(vr)) {
    const std::optional<Range> range = ParseRange(key);
    return range ? InRange(*range, candidate) : key == candidate;
  }
  if (vr == "UI") return key == candidate;
  return HasWildcard(key) ? MatchesWildcard(key, candidate) : key == candidate;
}

bool MatchesItems(const Dataset::Element& key, const Dataset::Element* candidate) {
  if (key.items.empty() || key.items.front().empty()) return true;
  const Dataset& wanted = key.items.front();
  if (candidate == nullptr || candidate->items.empty()) return Matches(wanted, Dataset());
  return std::any_of(candidate->items.begin(), candidate->items.end(),
                     [&wanted](const Dataset& item) { return Matches(wanted, item); });
}

bool IsControl(Tag tag) {
  return tag == tags::kSpecificCharacterSet || tag == tags::kQueryRetrieveLevel ||
         tag == tags::kTimezoneOffsetFromUtc || ElementOf(tag) == 0;
}

}  // namespace

std::optional<Range> ParseRange(std::string_view key) {
  key = TrimPadding(key);
  const size_t dash = key.find('-');
  const auto from = Compact(key.substr(0, dash));
  const auto to = dash == std::string_view::npos ? from : Compact(key.substr(dash + 1));
  if (!from || !to || (from->empty() && to->empty())) return {};
  return Range{*from, *to};
}

bool HasWildcard(std::string_view key) { return key.find_first_of("*?") != std::string_view::npos; }

bool MatchesWildcard(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += CharacterSize(text.substr(t));
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      retry += CharacterSize(text.substr(retry));
      t = retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool MatchesElement(Tag tag, const Dataset::Element& key, const Dataset::Element* candidate) {
  if (key.vr == "SQ") return MatchesItems(key, candidate);
  const bool universal = std::all_of(
      key.values.begin(), key.values.end(),
      [](const std::string& value) { return value.find_first_not_of("* ") == std::string::npos; });
  if (universal) return true;
  if (candidate == nullptr) return false;
  const std::string_view vr = key.vr == "UN" ? VrOf(tag) : std::string_view(key.vr);
  for (const std::string& wanted : key.values) {
    for (const std::string& value : candidate->values) {
      if (MatchesValue(vr, wanted, value)) return true;
    }
  }
  return false;
}

bool MatchesPersonName(std::string_view key, std::string_view utf8_name) {
  const PersonName name = ParsePersonName(utf8_name);
  const auto any_group = [&name](std::string_view pattern) {
    return MatchesGroup(pattern, name.alphabetic) || MatchesGroup(pattern, name.ideographic) ||
           MatchesGroup(pattern, name.phonetic);
  };
  if (key.find('=') == std::string_view::npos) return any_group(key);
  const PersonName wanted = ParsePersonName(key);
  for (const std::string* group : {&wanted.alphabetic, &wanted.ideographic, &wanted.phonetic}) {
    if (!group->empty() && !any_group(*group)) return false;
  }
  return true;
}

bool MatchesDateTime(std::string_view date_key, std::string_view time_key, std::string_view date,
                     std::string_view time) {
  const std::optional<Range> dates = ParseRange(date_key);
  const std::optional<Range> times = ParseRange(time_key);
  const std::optional<std::string> day = Compact(date);
  const std::optional<std::string> clock = Compact(time);
  if (!dates || !times || !day || !clock || day->empty()) return false;
  const std::string moment = *day + *clock;
  if (!dates->from.empty() && moment < dates->from + times->from) return false;
  if (dates->to.empty()) return true;
  const std::string last = dates->to + times->to;
  return moment.substr(0, last.size()) <= last;
}

bool Matches(const Dataset& query, const Dataset& candidate) {
  return std::all_of(
      query.elements().begin(), query.elements().end(), [&candidate](const auto& entry) {
        return IsControl(entry.first) ||
               MatchesElement(entry.first, entry.second, candidate.Find(entry.first));
      });
}

Dataset Project(const Dataset& query, const Dataset& candidate) {
  Dataset response;
  for (const auto& [tag, key] : query.elements()) {
    if (tag == tags::kSpecificCharacterSet || ElementOf(tag) == 0) continue;
    const Dataset::Element* found = candidate.Find(tag);
    if (found == nullptr) {
      // The level is echoed, everything else that is not known is answered empty.
      response.SetElement(
          tag, tag == tags::kQueryRetrieveLevel ? key : Dataset::Element{key.vr, {}, {}});
    } else if (key.vr == "SQ" && !key.items.empty() && !key.items.front().empty()) {
      Dataset::Element element{"SQ", {}, {}};
      for (const Dataset& item : found->items)
        element.items.push_back(Project(key.items.front(), item));
      response.SetElement(tag, std::move(element));
    } else {
      response.SetElement(tag, *found);
    }
  }
  return response;
}

}  // namespace tongjian::dicom
