#include "common/blob/layout.h"

#include <algorithm>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/id.h"
#include "common/blob/digest.h"

namespace tongjian::blob {
namespace {

constexpr std::string_view kScheme = "d1/";
constexpr std::string_view kPackedScheme = "p1/";
constexpr size_t kBucketDigits = 8;
constexpr size_t kNameDigits = 32;

bool IsHex(std::string_view text, size_t size) {
  return text.size() == size && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

std::string LocatorOf(const Place& place) {
  return absl::StrCat("d1/", place.bucket, "/", place.name);
}

absl::StatusOr<Place> ParseLocator(std::string_view locator) {
  constexpr size_t kSlash = kScheme.size() + kBucketDigits;
  if (locator.starts_with(kScheme) && locator.size() == kSlash + 1 + kNameDigits &&
      locator[kSlash] == '/') {
    Place place{std::string(locator.substr(kScheme.size(), kBucketDigits)),
                std::string(locator.substr(kSlash + 1))};
    if (IsBucketName(place.bucket) && IsObjectName(place.name)) return place;
  }
  return base::InvalidField("locator", "not a locator of this store");
}

std::string PackedLocator(const PackedPlace& place) {
  TJ_CHECK(place.offset >= 0 && place.offset <= 0xFFFFFFFF);
  return absl::StrCat("p1/", place.pack, "/", absl::Hex(place.offset, absl::kZeroPad8), ".",
                      place.name);
}

bool IsPackedLocator(std::string_view locator) { return locator.starts_with(kPackedScheme); }

absl::StatusOr<PackedPlace> ParsePackedLocator(std::string_view locator) {
  constexpr size_t kSlash = kPackedScheme.size() + kBucketDigits;
  constexpr size_t kDot = kSlash + 1 + kBucketDigits;
  if (IsPackedLocator(locator) && locator.size() == kDot + 1 + kNameDigits &&
      locator[kSlash] == '/' && locator[kDot] == '.') {
    const std::string_view offset = locator.substr(kSlash + 1, kBucketDigits);
    PackedPlace place{std::string(locator.substr(kPackedScheme.size(), kBucketDigits)), 0,
                      std::string(locator.substr(kDot + 1))};
    if (IsBucketName(place.pack) && IsHex(offset, kBucketDigits) && IsObjectName(place.name)) {
      place.offset = BucketNumber(offset);
      return place;
    }
  }
  return base::InvalidField("locator", "not a locator of this store");
}

std::string BucketName(int64_t number) {
  TJ_CHECK(number >= 0 && number <= 0xFFFFFFFF);
  return absl::StrCat(absl::Hex(number, absl::kZeroPad8));
}

bool IsBucketName(std::string_view name) { return IsHex(name, kBucketDigits); }

int64_t BucketNumber(std::string_view name) {
  TJ_CHECK(IsBucketName(name));
  int64_t number = 0;
  TJ_CHECK(absl::SimpleHexAtoi(absl::string_view(name.data(), name.size()), &number));
  return number;
}

std::string NewObjectName() { return base::RandomHex(kNameDigits / 2); }

bool IsObjectName(std::string_view name) { return IsHex(name, kNameDigits); }

std::string PartialName(std::string_view upload_id) {
  Sha256 hash;
  hash.Add(upload_id);
  return absl::BytesToHexString(hash.Bytes());
}

}  // namespace tongjian::blob
