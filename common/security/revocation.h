// Certificates that are no longer believed.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::security {

// A text file of serials, one a line in lower-case hexadecimal, "#" before a comment. The door asks
// it of every connection's certificate, so a revocation counts at once, without waiting for a new
// CRL. Safe for concurrent use.
class RevocationList {
 public:
  // A missing file is an empty list. FAILED_PRECONDITION when a line is no serial: a list that
  // cannot be read must not pass for an empty one.
  static absl::StatusOr<std::unique_ptr<RevocationList>> Open(const std::string& path);

  // Durable on return. INVALID_ARGUMENT when it is no serial.
  absl::Status Add(std::string_view serial);
  bool Contains(std::string_view serial) const;
  // Reads the file again, as after another process added to it; on an error the list in memory
  // stays.
  absl::Status Reload();

 private:
  explicit RevocationList(const std::string& path) : path_(path) {}

  const std::string path_;
  mutable std::mutex mutex_;
  std::set<std::string, std::less<>> serials_;
};

}  // namespace tongjian::security
