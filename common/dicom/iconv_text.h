// The C library's converter, made safe: any bytes in, valid text out.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::dicom {

struct Converted {
  std::string text;
  bool exact = true;  // False where something had to be replaced.
};

// `bytes` of an iconv encoding as UTF-8, U+FFFD for each byte that is no part of a character.
Converted ToUtf8(const std::string& encoding, std::string_view bytes);
// Valid UTF-8 as `encoding`, '?' for each character it does not have.
Converted FromUtf8(const std::string& encoding, std::string_view utf8);

}  // namespace tongjian::dicom
