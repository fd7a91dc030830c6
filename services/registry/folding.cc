#include "services/registry/folding.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/escaping.h"

namespace tongjian::registry {
namespace {

// The code point at the front of `text` and how many bytes it takes; a byte that begins no
// character counts alone and has no code point (-1).
struct Decoded {
  int32_t code_point;
  size_t size;
};

Decoded Decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  const size_t size = first >= 0xF0 && first <= 0xF4 ? 4
                      : first >= 0xE0                ? 3
                      : first >= 0xC2                ? 2
                                                     : 1;
  if (size == 1 || first > 0xF4 || text.size() < size) return {-1, 1};
  int32_t code_point = first & (0xFF >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {-1, 1};
    code_point = code_point << 6 | (byte(i) & 0x3F);
  }
  return {code_point, size};
}

void Append(int32_t code_point, std::string* out) {
  if (code_point < 0x80) {
    *out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    *out += static_cast<char>(0xC0 | code_point >> 6);
    *out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    *out += static_cast<char>(0xE0 | code_point >> 12);
    *out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (code_point & 0x3F));
  } else {
    *out += static_cast<char>(0xF0 | code_point >> 18);
    *out += static_cast<char>(0x80 | (code_point >> 12 & 0x3F));
    *out += static_cast<char>(0x80 | (code_point >> 6 & 0x3F));
    *out += static_cast<char>(0x80 | (code_point & 0x3F));
  }
}

int32_t Narrow(int32_t c) {
  if (c >= 0xFF01 && c <= 0xFF5E) return c - 0xFF01 + '!';
  return c == 0x3000 ? ' ' : c;
}

int32_t Lower(int32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 0x20;
  return c >= 0xC0 && c <= 0xDE && c != 0xD7 ? c + 0x20 : c;
}

bool Dropped(int32_t c) {
  if (c <= ' ' || c == 0x7F || c == 0xA0) return true;
  if (c == '^' || c == '=' || c == ',' || c == '-' || c == '\'' || c == '.') return true;
  if (c == 0xB7 || c == 0x2022 || c == 0x2027 || c == 0x30FB || c == 0xFF65)
    return true;  // Middle dots.
  return (c >= 0x2000 && c <= 0x200F) || c == 0xFEFF;
}

}  // namespace

std::string FoldName(std::string_view name) {
  std::string folded;
  folded.reserve(name.size());
  while (!name.empty()) {
    const Decoded decoded = Decode(name);
    if (decoded.code_point < 0) {
      folded += name.front();
    } else if (const int32_t c = Lower(Narrow(decoded.code_point)); !Dropped(c)) {
      Append(c, &folded);
    }
    name.remove_prefix(decoded.size);
  }
  return folded;
}

bool IsLatin(std::string_view folded) {
  while (!folded.empty()) {
    const Decoded decoded = Decode(folded);
    if (decoded.code_point < 0 || decoded.code_point >= 0x250) return false;
    folded.remove_prefix(decoded.size);
  }
  return true;
}

std::string NameKey(std::string_view folded) {
  return absl::BytesToHexString(absl::string_view(folded.data(), folded.size()));
}

}  // namespace tongjian::registry
