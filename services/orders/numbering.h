// Accession numbers: a prefix that names the hub, then digits from blocks that never overlap.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/status.h"

namespace tongjian::orders {

// DICOM SH.
inline constexpr size_t kAccessionCharactersMax = 16;
inline constexpr int kAccessionDigits = 9;
inline constexpr int64_t kAccessionNumberMax = 999'999'999;
inline constexpr int kBlockSizeMax = 10'000;
inline constexpr int kBlockSizeDefault = 1'000;

// Numbers `first` to `last`, both inclusive, given to one facility's gateway, or to the hub itself
// (no facility).
struct AccessionBlock {
  std::string prefix;
  int64_t first = 0;
  int64_t last = -1;
  std::string facility_id;
};

// The prefix of a hub's numbers: its authority in capitals, at most 7 characters, so that two hubs
// differ.
std::string AccessionPrefix(std::string_view authority);

// "JINHUA" and 42 is "JINHUA000000042".
std::string FormatAccession(std::string_view prefix, int64_t number);
// The number behind the prefix; nothing when it is not one of this hub's.
std::optional<int64_t> ParseAccession(std::string_view prefix, std::string_view accession_number);

// What a device may write as accession number and we keep: 1 to 16 characters without control
// characters, backslash, and surrounding spaces.
bool ValidAccession(std::string_view accession_number);

// 1 to kBlockSizeMax; the default when zero.
absl::StatusOr<int64_t> CheckBlockSize(int64_t size);

// A pre-assigned Study Instance UID: below `root` where one is configured, else below 2.25 (PS3.5
// B.2). Never the same twice.
std::string NewStudyUid(std::string_view root);
// INVALID_ARGUMENT unless `root` is a UID short enough to stand before 39 digits.
absl::Status CheckUidRoot(std::string_view root);

}  // namespace tongjian::orders
