// Names as they are compared and searched: width, case, spaces and separators do not count.
#pragma once

#include <string>
#include <string_view>

namespace tongjian::registry {

// Folds a UTF-8 name: full-width forms to ASCII, upper to lower case (ASCII and Latin-1), without
// spaces, zero-width characters, middle dots (买买提·艾力 is written with several) and the
// separators ^ = , - ' . of DICOM and Latin names. Bytes that are not UTF-8 are kept as they are.
std::string FoldName(std::string_view name);

// Whether a folded name is written in Latin letters alone.
bool IsLatin(std::string_view folded);

// A search key of a folded name: hexadecimal, so that every database sorts it by code point
// whatever its collation. A prefix of the name is a prefix of the key.
std::string NameKey(std::string_view folded);

}  // namespace tongjian::registry
