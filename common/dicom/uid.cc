#include "common/dicom/uid.h"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "common/base/check.h"

namespace tongjian::dicom {
namespace {

constexpr std::string_view kStandardRoot = "1.2.840.10008.";
constexpr std::string_view kStorageRoot = "1.2.840.10008.5.1.4.1.1.";
// Storage classes that live outside the storage root: hanging protocol, color palette, implant
// templates, RT worklist.
constexpr std::array<std::string_view, 7> kOtherStorage = {
    "1.2.840.10008.5.1.4.38.1", "1.2.840.10008.5.1.4.39.1", "1.2.840.10008.5.1.4.43.1",
    "1.2.840.10008.5.1.4.44.1", "1.2.840.10008.5.1.4.45.1", "1.2.840.10008.5.1.4.34.7",
    "1.2.840.10008.5.1.4.34.10"};

bool IsAeCharacter(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '@' || c == ':' ||
         c == '-';
}

// 128-bit big-endian number as decimal digits.
std::string Decimal(std::array<unsigned char, 16> number) {
  std::string digits;
  while (std::any_of(number.begin(), number.end(), [](unsigned char byte) { return byte != 0; })) {
    int remainder = 0;
    for (unsigned char& byte : number) {
      const int value = remainder * 256 + byte;
      byte = static_cast<unsigned char>(value / 10);
      remainder = value % 10;
    }
    digits.push_back(static_cast<char>('0' + remainder));
  }
  std::reverse(digits.begin(), digits.end());
  return digits;
}

}  // namespace

bool ValidUid(std::string_view uid) {
  if (uid.empty() || uid.size() > 64 || uid.front() == '.' || uid.back() == '.') return false;
  char before = 0;
  for (const char c : uid) {
    if (c != '.' && (c < '0' || c > '9')) return false;
    if (c == '.' && before == '.') return false;
    before = c;
  }
  return true;
}

absl::Status CheckUid(std::string_view field, std::string_view uid) {
  if (ValidUid(uid)) return absl::OkStatus();
  return base::InvalidField(field, uid.empty()
                                       ? "a UID is missing"
                                       : "expected a UID: 1 to 64 characters of 0-9 and dots");
}

bool ValidAeTitle(std::string_view title) {
  while (!title.empty() && title.front() == ' ') title.remove_prefix(1);
  while (!title.empty() && title.back() == ' ') title.remove_suffix(1);
  if (title.empty() || title.size() > 16) return false;
  char before = 0;
  for (const char c : title) {
    if (c == ' ' ? before == ' ' : !IsAeCharacter(c)) return false;
    before = c;
  }
  return true;
}

std::string_view TrimPadding(std::string_view value) {
  const auto is_padding = [](char c) { return c == ' ' || c == '\0'; };
  while (!value.empty() && is_padding(value.back())) value.remove_suffix(1);
  while (!value.empty() && is_padding(value.front())) value.remove_prefix(1);
  return value;
}

std::string NewUid() {
  std::array<unsigned char, 16> random{};
  TJ_CHECK(RAND_bytes(random.data(), static_cast<int>(random.size())) == 1);
  random[6] = static_cast<unsigned char>((random[6] & 0x0F) | 0x40);
  random[8] = static_cast<unsigned char>((random[8] & 0x3F) | 0x80);
  return "2.25." + Decimal(random);
}

bool IsStorageClass(std::string_view uid) {
  if (!ValidUid(uid)) return false;
  if (!uid.starts_with(kStandardRoot)) return true;
  return uid.starts_with(kStorageRoot) ||
         std::find(kOtherStorage.begin(), kOtherStorage.end(), uid) != kOtherStorage.end();
}

bool IsEncapsulated(std::string_view transfer_syntax_uid) {
  return transfer_syntax_uid != uids::kImplicitLittleEndian &&
         transfer_syntax_uid != uids::kExplicitLittleEndian &&
         transfer_syntax_uid != uids::kExplicitBigEndian &&
         transfer_syntax_uid != uids::kDeflatedLittleEndian;
}

}  // namespace tongjian::dicom
