// Files copied, linked and hashed for backups. Nothing is durable before SyncAll.
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::program {

// What a file holds.
struct FileDigest {
  int64_t size = 0;    // Of the whole file.
  std::string sha256;  // 64 lower-case hexadecimal digits, of the bytes that were asked for.
};

inline constexpr int64_t kAllBytes = std::numeric_limits<int64_t>::max();

// Of the file's first `hashed` bytes. NOT_FOUND when there is no such file.
absl::StatusOr<FileDigest> DigestOf(const std::string& path, int64_t hashed = kAllBytes);

// Copies to the new file `to`, which gets `mode`, and says what was copied. NOT_FOUND when `from`
// is not there, ALREADY_EXISTS when `to` is.
absl::StatusOr<FileDigest> CopyFile(const std::string& from, const std::string& to, unsigned mode,
                                    int64_t hashed = kAllBytes);

// Copies what stands at `offset` and behind over the same place of `to`, which is there. NOT_FOUND
// when `from` is not.
absl::Status CopyTail(const std::string& from, const std::string& to, int64_t offset);

// A second name for the same file; a copy where the file system cannot (another one, or `copy`). OK
// also when `to` is there. NOT_FOUND when `from` is not.
absl::Status LinkOrCopy(const std::string& from, const std::string& to, bool copy);

// Writes the file system of `directory` to its disk: one call for a tree of any size.
absl::Status SyncAll(const std::string& directory);

// Gives a finished directory its name, durably. ALREADY_EXISTS when the name is taken.
absl::Status PublishDirectory(const std::string& from, const std::string& to);

}  // namespace tongjian::program
