// Small secret and public files: written whole or not at all, and refused when others may read a
// secret.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::security {

// Who may read a file.
enum class FileMode : int { kSecret = 0600, kPublic = 0644 };

// Replaces `path` by `bytes`: a temporary file beside it, fsync, rename, fsync of the directory.
// Durable on return; a reader sees the old content or the new. INTERNAL with the path and errno's
// text otherwise.
absl::Status WriteDurably(const std::string& path, std::string_view bytes, FileMode mode);

// As WriteDurably, but ALREADY_EXISTS when there is such a file: of several that try at once, one
// succeeds.
absl::Status CreateDurably(const std::string& path, std::string_view bytes, FileMode mode);

// At most 1 MiB. NOT_FOUND, or FAILED_PRECONDITION when it is too large or no regular file; for
// kSecret also when group or others have any access to it.
absl::StatusOr<std::string> ReadSmallFile(const std::string& path, FileMode mode);

// Makes the directory and its parents (0700), durably.
absl::Status MakeDirectory(const std::string& path);

}  // namespace tongjian::security
