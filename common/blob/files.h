// The file system as the store sees it, so that tests can pull the plug on it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"

namespace tongjian::blob {

// One open file. Not for concurrent use, except that writes of parts that do not overlap and syncs
// may run at the same time. Closed when destroyed; closing makes nothing durable.
class File {
 public:
  virtual ~File() = default;
  // All of `bytes` or an error; RESOURCE_EXHAUSTED when the disk is full.
  virtual absl::Status WriteAt(int64_t offset, std::string_view bytes) = 0;
  // Up to `n` bytes; fewer only at the end of the file.
  virtual absl::StatusOr<std::string> ReadAt(int64_t offset, size_t n) = 0;
  virtual absl::StatusOr<int64_t> Size() = 0;
  virtual absl::Status Truncate(int64_t size) = 0;
  // Gives back the space of `size` bytes, all within the file: they read as zeros. Where the file
  // system cannot, nothing happens.
  virtual absl::Status PunchHole(int64_t offset, int64_t size) = 0;
  // Content and size are durable once this returns. Not to be called again after it failed.
  virtual absl::Status Sync() = 0;
};

// What goes past the cache has place, size and address in multiples of this.
inline constexpr size_t kDirectAlignment = 4096;

enum class OpenMode {
  kRead,       // NOT_FOUND when absent.
  kCreateNew,  // ALREADY_EXISTS when present.
  kWrite,      // Reading and writing; NOT_FOUND when absent.
  kDirect,     // As kWrite, but aligned writes go to the disk past the cache where that is possible.
};

struct FileInfo {
  int64_t size = 0;
  absl::Time modified;
};

// The file system. Safe for concurrent use. Names, renames and removals are durable only after
// SyncDirectory of their directory.
class Files {
 public:
  virtual ~Files() = default;
  virtual absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) = 0;
  // NOT_FOUND when absent.
  virtual absl::StatusOr<FileInfo> Info(const std::string& path) = 0;
  // Replaces `to`. Both in one directory.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // OK also when absent.
  virtual absl::Status Remove(const std::string& path) = 0;
  // OK also when present. The parent must be there.
  virtual absl::Status MakeDirectory(const std::string& path) = 0;
  // OK also when absent; FAILED_PRECONDITION when it is not empty.
  virtual absl::Status RemoveDirectory(const std::string& path) = 0;
  // UNAVAILABLE: nothing was tried (too many open files). Any other failure is final.
  virtual absl::Status SyncDirectory(const std::string& path) = 0;
  // The names in it, sorted. NOT_FOUND when absent.
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& directory) = 0;
  // What an unprivileged process may still write below `directory`.
  virtual absl::StatusOr<int64_t> FreeBytes(const std::string& directory) = 0;
  // Held until the result is destroyed; FAILED_PRECONDITION when another holder lives.
  virtual absl::StatusOr<std::shared_ptr<void>> Lock(const std::string& path) = 0;
};

// The machine's own.
Files& LocalFiles();

}  // namespace tongjian::blob
