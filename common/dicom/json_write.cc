#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

#include "absl/strings/escaping.h"
#include "common/dicom/json.h"
#include "common/dicom/person_name.h"
#include "dcmtk/config/osconfig.h"
#include "dcmtk/dcmdata/dctk.h"

namespace tongjian::dicom {
namespace {

// Beyond these a double of a reader's may be another number.
constexpr int64_t kExactMax = int64_t{1} << 53;

bool IsBytes(std::string_view vr) { return vr == "UN" || vr[0] == 'O'; }

bool IsNumber(std::string_view vr) {
  constexpr std::array<std::string_view, 10> kNumbers = {"DS", "FD", "FL", "IS", "SL",
                                                         "SS", "SV", "UL", "US", "UV"};
  return std::find(kNumbers.begin(), kNumbers.end(), vr) != kNumbers.end();
}

size_t CountDigits(std::string_view text) {
  size_t count = 0;
  while (count < text.size() && std::isdigit(static_cast<unsigned char>(text[count])) != 0) ++count;
  return count;
}

// A decimal number in JSON's spelling with all its digits ("+.5" is 0.5, "007" is 7); false where
// it is none.
bool AppendNumber(std::string_view text, std::string& out) {
  std::string number;
  if (text.starts_with('-') || text.starts_with('+')) {
    if (text.front() == '-') number.push_back('-');
    text.remove_prefix(1);
  }
  const std::string_view whole = text.substr(0, CountDigits(text));
  text.remove_prefix(whole.size());
  std::string_view fraction;
  if (text.starts_with('.')) {
    fraction = text.substr(1, CountDigits(text.substr(1)));
    text.remove_prefix(1 + fraction.size());
  }
  if (whole.empty() && fraction.empty()) return false;
  const size_t zeros = std::min(whole.find_first_not_of('0'), whole.size());
  number += zeros == whole.size() ? "0" : whole.substr(zeros);
  if (!fraction.empty()) number.append(".").append(fraction);
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    number.push_back('e');
    if (text.starts_with('-') || text.starts_with('+')) {
      number.push_back(text.front());
      text.remove_prefix(1);
    }
    if (text.empty() || CountDigits(text) != text.size()) return false;
    number += text;
    text = {};
  }
  if (!text.empty()) return false;
  out += number;
  return true;
}

bool IsExact(std::string_view integer) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(integer.data(), integer.data() + integer.size(), value);
  return error == std::errc() && end == integer.data() + integer.size() && value <= kExactMax &&
         value >= -kExactMax;
}

void AppendName(std::string_view text, std::string& out) {
  const PersonName name = ParsePersonName(text);
  out.push_back('{');
  bool any = false;
  const auto group = [&](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    if (any) out.push_back(',');
    any = true;
    out.append("\"").append(key).append("\":");
    AppendJsonText(value, out);
  };
  group("Alphabetic", name.alphabetic);
  group("Ideographic", name.ideographic);
  group("Phonetic", name.phonetic);
  out.push_back('}');
}

void AppendValue(std::string_view vr, const std::string& value, std::string& out) {
  if (value.empty()) {
    out += "null";
  } else if (vr == "PN") {
    AppendName(value, out);
  } else if (IsNumber(vr)) {
    const bool big = (vr == "SV" || vr == "UV") && !IsExact(value);
    if (big || !AppendNumber(value, out)) AppendJsonText(value, out);
  } else {
    AppendJsonText(value, out);
  }
}

void AppendItems(const std::vector<Dataset>& items, std::string& out) {
  bool first = true;
  for (const Dataset& item : items) {
    if (!first) out.push_back(',');
    first = false;
    out += WriteJson(item);
  }
}

bool AllEmpty(const std::vector<std::string>& values) {
  return std::all_of(values.begin(), values.end(), [](const auto& value) { return value.empty(); });
}

}  // namespace

std::string JsonTag(Tag tag) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string text(8, '0');
  for (size_t i = 8; i-- > 0; tag >>= 4) text[i] = kDigits[tag & 0xF];
  return text;
}

std::optional<Tag> ParseJsonTag(std::string_view text) {
  Tag tag = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), tag, 16);
  if (text.size() == 8 && error == std::errc() && end == text.data() + text.size()) return tag;
  if (text.empty() || text.size() > 64) return std::nullopt;
  const DcmDataDictionary& dictionary = dcmDataDict.rdlock();
  const DcmDictEntry* const entry = dictionary.findEntry(std::string(text).c_str());
  if (entry != nullptr) tag = Tag{entry->getGroup()} << 16 | entry->getElement();
  dcmDataDict.rdunlock();
  return entry == nullptr ? std::nullopt : std::optional<Tag>(tag);
}

void AppendJsonText(std::string_view utf8, std::string& out) {
  constexpr char kDigits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : utf8) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out.push_back(kDigits[c >> 4 & 0xF]);
      out.push_back(kDigits[c & 0xF]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void AppendElementStart(Tag tag, std::string_view vr, std::string& out) {
  out.append("\"").append(JsonTag(tag)).append("\":{\"vr\":\"").append(vr).append("\"");
}

void AppendElement(Tag tag, const Dataset::Element& element, std::string& out) {
  AppendElementStart(tag, element.vr, out);
  if (tag == tags::kSpecificCharacterSet) {
    out += ",\"Value\":[\"ISO_IR 192\"]}";
    return;
  }
  if (element.vr == "SQ" && !element.items.empty()) {
    out += ",\"Value\":[";
    AppendItems(element.items, out);
    out.push_back(']');
  } else if (!AllEmpty(element.values) && IsBytes(element.vr)) {
    std::string base64;
    absl::Base64Escape(absl::string_view(element.values[0].data(), element.values[0].size()),
                       &base64);
    out.append(",\"InlineBinary\":\"").append(base64).append("\"");
  } else if (!AllEmpty(element.values)) {
    out += ",\"Value\":[";
    for (size_t i = 0; i < element.values.size(); ++i) {
      if (i > 0) out.push_back(',');
      AppendValue(element.vr, element.values[i], out);
    }
    out.push_back(']');
  }
  out.push_back('}');
}

std::string WriteJson(const Dataset& dataset) {
  std::string out = "{";
  for (const auto& [tag, element] : dataset.elements()) {
    if (ElementOf(tag) == 0) continue;
    if (out.size() > 1) out.push_back(',');
    AppendElement(tag, element, out);
  }
  out.push_back('}');
  return out;
}

}  // namespace tongjian::dicom
