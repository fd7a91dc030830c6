#include "services/orders/numbering.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "common/base/check.h"
#include "common/dicom/uid.h"

namespace tongjian::orders {
namespace {

constexpr std::string_view kUuidRoot = "2.25.";
constexpr size_t kUidCharactersMax = 64;
constexpr size_t kUuidDigitsMax = 39;

}  // namespace

std::string AccessionPrefix(std::string_view authority) {
  std::string prefix(authority.substr(0, kAccessionCharactersMax - kAccessionDigits));
  std::transform(prefix.begin(), prefix.end(), prefix.begin(),
                 [](unsigned char c) { return std::toupper(c); });
  return prefix;
}

std::string FormatAccession(std::string_view prefix, int64_t number) {
  TJ_CHECK(number >= 0 && number <= kAccessionNumberMax);
  char digits[kAccessionDigits + 1];
  std::snprintf(digits, sizeof digits, "%09d", static_cast<int>(number));
  return std::string(prefix) + digits;
}

std::optional<int64_t> ParseAccession(std::string_view prefix, std::string_view accession_number) {
  if (accession_number.size() != prefix.size() + kAccessionDigits ||
      !accession_number.starts_with(prefix))
    return {};
  int64_t number = 0;
  for (const char c : accession_number.substr(prefix.size())) {
    if (c < '0' || c > '9') return {};
    number = number * 10 + (c - '0');
  }
  return number;
}

bool ValidAccession(std::string_view accession_number) {
  if (accession_number.empty() || accession_number.size() > kAccessionCharactersMax) return false;
  if (accession_number.front() == ' ' || accession_number.back() == ' ') return false;
  return std::all_of(accession_number.begin(), accession_number.end(),
                     [](char c) { return c >= 0x20 && c < 0x7F && c != '\\'; });
}

absl::StatusOr<int64_t> CheckBlockSize(int64_t size) {
  if (size == 0) return kBlockSizeDefault;
  if (size < 0 || size > kBlockSizeMax) {
    return base::InvalidField("size",
                              "a block has 1 to 10000 numbers, not " + std::to_string(size));
  }
  return size;
}

std::string NewStudyUid(std::string_view root) {
  const std::string uid = dicom::NewUid();
  if (root.empty()) return uid;
  TJ_CHECK(uid.starts_with(kUuidRoot));
  return std::string(root) + "." + uid.substr(kUuidRoot.size());
}

absl::Status CheckUidRoot(std::string_view root) {
  if (root.empty()) return absl::OkStatus();
  if (dicom::ValidUid(root) && root.size() + 1 + kUuidDigitsMax <= kUidCharactersMax)
    return absl::OkStatus();
  return base::InvalidField("orders.uid-root", "not a UID of at most 24 characters");
}

}  // namespace tongjian::orders
