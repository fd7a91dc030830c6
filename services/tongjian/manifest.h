// The list of what a backup holds, and how it is known to be whole.
//
//   tongjian backup 1
//   file   <sha256> <size> <mode> <path>      hash of the whole file
//   object <sha256> <size> <mode> <path>      hash of the content, as it stands in the object's
//   footer end    <entries> <sha256>                 hash of all lines above
//
// An object's own hash was made when it was stored and is checked against every byte at restoring;
// so a backup of hard links is taken without reading terabytes. Sizes are of files, modes octal,
// paths relative to the backup.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::program {

inline constexpr char kManifestName[] = "MANIFEST";

struct ManifestEntry {
  bool object = false;
  std::string sha256;  // 64 lower-case hexadecimal digits.
  int64_t size = 0;
  unsigned mode = 0600;
  std::string path;

  bool operator==(const ManifestEntry&) const = default;
};

// Writes the manifest of the tree below `directory` into it, last of all. `see` is told each entry.
// INVALID_ARGUMENT for a name that a line cannot hold.
absl::Status WriteManifest(const std::string& directory,
                           const std::function<void(const ManifestEntry&)>& see);

// Gives each entry to `see`, whose failure ends it. The manifest is read whole and found sound
// before the first entry is given. NOT_FOUND when there is none; DATA_LOSS when it is cut, changed,
// or names a path outside the backup.
absl::Status ReadManifest(const std::string& directory,
                          const std::function<absl::Status(const ManifestEntry&)>& see);

}  // namespace tongjian::program
