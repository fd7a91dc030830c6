#include "common/dicom/charset_guess.h"

#include <cctype>
#include <cstdint>

namespace tongjian::dicom {
namespace {

unsigned At(std::string_view bytes, size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0;
}

bool IsLetter(unsigned byte) { return byte < 0x80 && std::isalpha(static_cast<int>(byte)); }
bool IsHigh(unsigned byte) { return byte >= 0x80; }

// Bytes of the GBK or GB18030 character at `at`, 0 where there is none.
size_t GbkSize(std::string_view bytes, size_t at) {
  const unsigned lead = At(bytes, at), second = At(bytes, at + 1);
  if (lead < 0x81 || lead > 0xFE) return 0;
  if (second >= 0x40 && second <= 0xFE && second != 0x7F) return 2;
  const bool four = second >= 0x30 && second <= 0x39 && At(bytes, at + 2) >= 0x81 &&
                    At(bytes, at + 3) >= 0x30 && At(bytes, at + 3) <= 0x39;
  return four ? 4 : 0;
}

// A single pair with a letter at its side: as well two accented letters inside a western word.
bool IsWesternPair(std::string_view bytes, size_t at) {
  const unsigned before = at == 0 ? 0 : At(bytes, at - 1);
  const unsigned after = At(bytes, at + 2);
  return !IsHigh(before) && !IsHigh(after) && (IsLetter(before) || IsLetter(after));
}

}  // namespace

size_t Utf8SequenceSize(std::string_view bytes) {
  const unsigned lead = At(bytes, 0);
  if (lead < 0x80) return bytes.empty() ? 0 : 1;
  const size_t size = lead >= 0xC2 && lead <= 0xDF   ? 2
                      : lead >= 0xE0 && lead <= 0xEF ? 3
                      : lead >= 0xF0 && lead <= 0xF4 ? 4
                                                     : 0;
  if (size == 0 || bytes.size() < size) return 0;
  uint32_t code = lead & (0x7F >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((At(bytes, i) & 0xC0) != 0x80) return 0;
    code = code << 6 | (At(bytes, i) & 0x3F);
  }
  if (size == 3 && (code < 0x800 || (code >= 0xD800 && code <= 0xDFFF))) return 0;
  if (size == 4 && (code < 0x10000 || code > 0x10FFFF)) return 0;
  return size;
}

Utf8Shape ShapeAsUtf8(std::string_view bytes) {
  Utf8Shape shape;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = Utf8SequenceSize(bytes.substr(at));
    if (size > 1) ++shape.sequences;
    if (size == 0) {
      ++shape.faults;
      size_t end = at + 1;
      while (end < bytes.size() && (At(bytes, end) & 0xC0) == 0x80) ++end;
      shape.cut = end == bytes.size() && At(bytes, at) >= 0xC2 && end - at < 4;
      at = end;
    }
    at += size;
  }
  return shape;
}

GbkShape ShapeAsGbk(std::string_view bytes) {
  GbkShape shape;
  for (size_t at = 0; at < bytes.size();) {
    if (!IsHigh(At(bytes, at))) {
      ++at;
      continue;
    }
    const size_t size = GbkSize(bytes, at);
    if (size == 0) {
      // A character the field's length cut in two is no objection.
      shape.valid = shape.valid && at + 1 == bytes.size() && shape.everyday > 0;
      ++at;
      continue;
    }
    const unsigned lead = At(bytes, at), second = At(bytes, at + 1);
    if (size == 2 && second < 0x80) ++shape.ascii_tails;
    if (size == 2 && second >= 0xA1 && lead >= 0xA1 && lead <= 0xF7 && !IsWesternPair(bytes, at)) {
      ++shape.everyday;
    }
    at += size;
  }
  return shape;
}

}  // namespace tongjian::dicom
