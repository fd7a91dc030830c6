#include "services/tongjian/printable.h"

#include <cstdint>

#include "absl/strings/str_format.h"

namespace tongjian::program {
namespace {

// One character of UTF-8; `valid` is false where a byte begins none.
struct Character {
  uint32_t code = 0;
  size_t size = 1;
  bool valid = true;
};

Character At(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {.code = lead};
  const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  const bool wrong_lead = lead < 0xc2 || lead > 0xf4;
  if (wrong_lead || at + size > text.size()) return {.code = lead, .valid = false};
  uint32_t code = lead & (0x7f >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {.code = lead, .valid = false};
    code = code << 6 | (byte(i) & 0x3f);
  }
  return {.code = code, .size = size};
}

bool IsControl(uint32_t code) { return code < 0x20 || (code >= 0x7f && code <= 0x9f); }

bool TurnsText(uint32_t code) {
  return code == 0x061c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Character character = At(text, at);
    if (character.code == '\t') {
      out += ' ';
    } else if (!character.valid || (IsControl(character.code) && character.code != '\n')) {
      out += absl::StrFormat("\\x%02x", character.code);
    } else if (TurnsText(character.code)) {
      out += absl::StrFormat("\\u{%04x}", character.code);
    } else {
      out += text.substr(at, character.size);
    }
    at += character.size;
  }
  return out;
}

std::string EscapeForJson(std::string_view json) {
  std::string out;
  for (size_t at = 0; at < json.size();) {
    const Character character = At(json, at);
    const bool layout = character.code == '\n' || character.code == '\t' || character.code == '\r';
    if (character.valid && !layout && (IsControl(character.code) || TurnsText(character.code))) {
      out += absl::StrFormat("\\u%04x", character.code);
    } else {
      out += json.substr(at, character.size);
    }
    at += character.size;
  }
  return out;
}

}  // namespace tongjian::program
