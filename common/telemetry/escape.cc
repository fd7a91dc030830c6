#include "common/telemetry/escape.h"

#include <cstdint>
#include <cstdio>

namespace tongjian::telemetry {
namespace {

constexpr uint32_t kBroken = 0xFFFFFFFF;

struct Decoded {
  uint32_t point = kBroken;
  size_t size = 1;
};

// One code point from the front of `text` (RFC 3629: no overlong forms, no surrogates).
Decoded Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  size_t size = 0;
  uint32_t point = 0;
  if (first >= 0xC2 && first < 0xE0) {
    size = 2, point = first & 0x1F;
  } else if (first >= 0xE0 && first < 0xF0) {
    size = 3, point = first & 0x0F;
  } else if (first >= 0xF0 && first < 0xF5) {
    size = 4, point = first & 0x07;
  } else {
    return {};
  }
  if (text.size() < size) return {};
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    point = point << 6 | (byte(i) & 0x3F);
  }
  const bool overlong = (size == 3 && point < 0x800) || (size == 4 && point < 0x10000);
  const bool surrogate = point >= 0xD800 && point < 0xE000;
  if (overlong || surrogate || point > 0x10FFFF) return {};
  return {point, size};
}

bool NeedsEscape(uint32_t point) {
  if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return true;
  if (point == 0x061C || point == 0x200E || point == 0x200F) return true;  // Direction marks.
  if (point == 0x2028 || point == 0x2029) return true;                     // Separators.
  return (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

void AppendEscape(uint32_t point, std::string* out) {
  switch (point) {
    case '\n':
      *out += "\\n";
      return;
    case '\r':
      *out += "\\r";
      return;
    case '\t':
      *out += "\\t";
      return;
    default:
      break;
  }
  char buffer[8];
  std::snprintf(buffer, sizeof buffer, "\\u%04x", static_cast<unsigned>(point));
  *out += buffer;
}

// The longest prefix of at most `size_max` bytes that does not cut a character.
std::string_view Cut(std::string_view text, size_t size_max) {
  if (text.size() <= size_max) return text;
  size_t size = size_max;
  while (size > 0 && size + 3 > size_max && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80)
    --size;
  return text.substr(0, size);
}

}  // namespace

void AppendJsonString(std::string_view text, size_t size_max, std::string* out) {
  std::string_view rest = Cut(text, size_max);
  const bool cut = rest.size() < text.size();
  out->push_back('"');
  while (!rest.empty()) {
    const Decoded next = Decode(rest);
    if (next.point == kBroken) {
      *out += "\xEF\xBF\xBD";
    } else if (NeedsEscape(next.point)) {
      AppendEscape(next.point, out);
    } else {
      if (next.point == '"' || next.point == '\\') out->push_back('\\');
      out->append(rest.substr(0, next.size));
    }
    rest.remove_prefix(next.size);
  }
  if (cut) *out += "…";
  out->push_back('"');
}

}  // namespace tongjian::telemetry
