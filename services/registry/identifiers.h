// Numbers with rules of their own: resident numbers (GB 11643), social credit codes (GB 32100), our
// ids and AE titles.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tongjian::registry {

// What a resident number says of its holder.
struct ResidentNumber {
  std::string birth_date;  // YYYY-MM-DD
  bool male = false;
};

// Reads a resident identity card number by GB 11643-1999: 17 digits and a check character (17
// weights, modulo 11), a birth date that exists, sex in the 17th digit. A lower-case x is taken for
// X. Nothing when any of it does not hold.
std::optional<ResidentNumber> ReadResidentNumber(std::string_view number);

// Whether a unified social credit code keeps to GB 32100-2015: 18 characters of its alphabet (no I,
// O, S, V, Z) whose last is the check character (weights 3^i modulo 31). Codes printed by real
// facilities fail it: warn only.
bool IsCreditCode(std::string_view code);

// Whether `id` can be the id of a record: 1 to 64 of a-z, 0-9 and '-', not beginning or ending with
// '-'.
bool IsRecordId(std::string_view id);

// Whether `title` can be a DICOM AE title (PS3.5 6.2, VR AE): 1 to 16 characters of printable ASCII
// without backslash, not beginning or ending with a space.
bool IsAeTitle(std::string_view title);

}  // namespace tongjian::registry
