#include "common/dicom/person_name.h"

#include <array>
#include <cstdint>

#include "common/dicom/charset_guess.h"
#include "common/dicom/uid.h"

namespace tongjian::dicom {
namespace {

// Takes one code point off the front of valid UTF-8; a stray byte counts as itself.
uint32_t TakeCodePoint(std::string_view& text) {
  const size_t size = Utf8SequenceSize(text);
  const auto byte = [&text](size_t at) {
    return static_cast<uint32_t>(static_cast<unsigned char>(text[at]));
  };
  uint32_t code = byte(0);
  if (size > 1) {
    code &= 0x7Fu >> size;
    for (size_t i = 1; i < size; ++i) code = code << 6 | (byte(i) & 0x3F);
  }
  text.remove_prefix(size > 0 ? size : 1);
  return code;
}

void AppendCodePoint(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
    return;
  }
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::array<uint32_t, 4> kLead = {0, 0xC0, 0xE0, 0xF0};
  out.push_back(static_cast<char>(kLead[more] | code >> (6 * more)));
  for (int i = more - 1; i >= 0; --i)
    out.push_back(static_cast<char>(0x80 | (code >> (6 * i) & 0x3F)));
}

// The letter under the accents of U+00C0 to U+017F, in lower case; '*' where it has none, or is one
// of its own (ligatures, multiplication sign).
constexpr std::string_view kPlainLetters =
    "aaaaaa*ceeeeiiii*nooooo*ouuuuy**aaaaaa*ceeeeiiii*nooooo*ouuuuy*y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkkllllllllll"
    "nnnnnnn**oooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzz*";
static_assert(kPlainLetters.size() == 0x180 - 0xC0);

bool IsAccent(uint32_t code) { return code >= 0x300 && code <= 0x36F; }

// Full-width forms to ASCII, accents off, then lower case of the alphabets a name may be in.
uint32_t Fold(uint32_t code) {
  if (code >= 0xC0 && code < 0x180) {
    const char plain = kPlainLetters[code - 0xC0];
    if (plain != '*') return static_cast<unsigned char>(plain);
  }
  if (code >= 0xFF01 && code <= 0xFF5E) code -= 0xFEE0;
  if (code == 0x3000 || code == '^' || code == 0xA0 || code == '\t') return ' ';
  if (code == 0xB7 || code == 0x2022 || code == 0x2027 || code == 0x30FB)
    return 0xB7;  // Dots in minority names.
  if (code >= 'A' && code <= 'Z') return code + 32;
  if (code >= 0xC0 && code <= 0xDE && code != 0xD7) return code + 32;
  if (code >= 0x100 && code <= 0x137) return code | 1;
  if (code >= 0x14A && code <= 0x177) return code | 1;
  if (code >= 0x391 && code <= 0x3A9) return code + 32;
  if (code >= 0x410 && code <= 0x42F) return code + 32;
  if (code >= 0x400 && code <= 0x40F) return code + 80;
  return code;
}

std::string WithoutCarets(std::string_view group) {
  std::string text;
  bool has_han = false;
  for (std::string_view rest = group; !rest.empty();) has_han |= TakeCodePoint(rest) >= 0x2E80;
  for (const char c : group) {
    if (c != '^') {
      text.push_back(c);
    } else if (!has_han && !text.empty() && text.back() != ' ') {
      text.push_back(' ');
    }
  }
  return std::string(TrimPadding(text));
}

}  // namespace

PersonName ParsePersonName(std::string_view utf8) {
  PersonName name;
  std::array<std::string*, 3> groups = {&name.alphabetic, &name.ideographic, &name.phonetic};
  for (std::string* group : groups) {
    const size_t end = utf8.find('=');
    std::string_view part = TrimPadding(utf8.substr(0, end));
    while (part.ends_with('^')) part.remove_suffix(1);
    *group = part;
    if (end == std::string_view::npos) break;
    utf8.remove_prefix(end + 1);
  }
  return name;
}

std::string PersonNameText(const PersonName& name) {
  std::string text = name.alphabetic;
  if (!name.ideographic.empty() || !name.phonetic.empty()) text += "=" + name.ideographic;
  if (!name.phonetic.empty()) text += "=" + name.phonetic;
  return text;
}

std::string DisplayName(const PersonName& name) {
  return WithoutCarets(name.ideographic.empty() ? name.alphabetic : name.ideographic);
}

std::string SearchKey(std::string_view utf8_name) {
  std::string key;
  while (!utf8_name.empty()) {
    const uint32_t code = Fold(TakeCodePoint(utf8_name));
    if (IsAccent(code)) continue;
    if (code == ' ' && (key.empty() || key.back() == ' ')) continue;
    if (code >= ' ') AppendCodePoint(key, code);
  }
  while (key.ends_with(' ')) key.pop_back();
  return key;
}

}  // namespace tongjian::dicom
