#include <charconv>
#include <cstring>

#include "common/dicom/dataset_builder.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

uint64_t Number(std::string_view bytes, bool big) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t at = big ? i : bytes.size() - 1 - i;
    number = number << 8 | static_cast<unsigned char>(bytes[at]);
  }
  return number;
}

std::string RealText(double value) {
  char text[40];
  const auto result = std::to_chars(text, text + sizeof text, value);
  return std::string(text, result.ptr);
}

std::string NumberText(std::string_view vr, uint64_t raw) {
  if (vr == "SS") return std::to_string(static_cast<int16_t>(raw));
  if (vr == "SL") return std::to_string(static_cast<int32_t>(raw));
  if (vr == "SV") return std::to_string(static_cast<int64_t>(raw));
  if (vr == "FL") {
    const uint32_t bits = static_cast<uint32_t>(raw);
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return RealText(value);
  }
  if (vr == "FD") {
    double value;
    std::memcpy(&value, &raw, sizeof value);
    return RealText(value);
  }
  return std::to_string(raw);
}

// Bytes of one value, 0 where the representation is no number.
size_t NumberSize(std::string_view vr) {
  if (vr == "US" || vr == "SS") return 2;
  if (vr == "UL" || vr == "SL" || vr == "FL" || vr == "AT") return 4;
  if (vr == "FD" || vr == "SV" || vr == "UV") return 8;
  return 0;
}

std::vector<std::string> DecodeNumbers(std::string_view vr, std::string_view bytes, bool big,
                                       size_t size) {
  std::vector<std::string> values;
  for (size_t at = 0; at + size <= bytes.size(); at += size) {
    if (vr == "AT") {
      const std::string tag = TagText(static_cast<Tag>(Number(bytes.substr(at, 2), big) << 16 |
                                                       Number(bytes.substr(at + 2, 2), big)));
      values.push_back(tag.substr(0, 4) + tag.substr(5));
    } else {
      values.push_back(NumberText(vr, Number(bytes.substr(at, size), big)));
    }
  }
  return values;
}

bool IsBytes(std::string_view vr) { return vr == "UN" || vr[0] == 'O'; }

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && (text.back() == ' ' || text.back() == '\0')) text.remove_suffix(1);
  return text;
}

}  // namespace

Dataset::Element DecodeValue(std::string_view vr, std::string_view bytes, Coding coding,
                             const CharacterSet& charset, bool* guessed, bool* damaged) {
  Dataset::Element element{std::string(vr), {}, {}};
  if (const size_t size = NumberSize(vr)) {
    element.values = DecodeNumbers(vr, bytes, coding == Coding::kExplicitBig, size);
    return element;
  }
  if (IsBytes(vr)) {
    if (!bytes.empty()) element.values.emplace_back(bytes);
    return element;
  }
  // Also for representations that should be ASCII: devices write Chinese into CS and AE.
  const DecodedText decoded = charset.Decode(TrimEnd(bytes));
  *guessed |= decoded.guessed;
  *damaged |= decoded.damaged;
  if (decoded.text.empty()) return element;
  if (!IsMultiValued(vr)) {
    element.values.push_back(decoded.text);
    return element;
  }
  std::string_view rest = decoded.text;
  for (size_t at; (at = rest.find('\\')) != std::string_view::npos; rest.remove_prefix(at + 1)) {
    element.values.emplace_back(TrimPadding(rest.substr(0, at)));
  }
  element.values.emplace_back(TrimPadding(rest));
  return element;
}

}  // namespace tongjian::dicom
