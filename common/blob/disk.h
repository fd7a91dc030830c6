// The rules for writing that hold for a whole store: room, shared directory syncs, and that a
// failed sync is final.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/status.h"
#include "common/blob/files.h"

namespace tongjian::blob {

// Safe for concurrent use; `files` must outlive it.
class Disk {
 public:
  Disk(Files& files, std::string directory, int64_t reserve_bytes)
      : files_(files), directory_(std::move(directory)), reserve_bytes_(reserve_bytes) {}

  // OK when `bytes` more may be written: RESOURCE_EXHAUSTED (STORAGE_FULL) within the reserve,
  // UNAVAILABLE for ever after a failed sync.
  absl::Status Admit(int64_t bytes) const;

  // After either fails, nothing is admitted any more: what the kernel has dropped cannot be known,
  // and a second sync of the same file would say that all is well.
  absl::Status Sync(File& file);
  // Callers that come while a sync of the same directory runs share the next one.
  absl::Status SyncDirectory(const std::string& path);
  // The same for the writers of one file; `path` names it.
  absl::Status SyncShared(File& file, const std::string& path);

  bool failed() const { return failed_.load(); }
  // Callers in SyncDirectory and SyncShared now.
  int64_t sync_waiters() const { return sync_waiters_.load(); }
  int64_t directory_syncs() const { return directory_syncs_.load(); }
  // -1 when unknown.
  int64_t FreeBytes() const;

 private:
  struct Group;
  absl::Status Note(absl::Status status);
  absl::Status SyncGroup(const std::string& key, const std::function<absl::Status()>& sync);

  Files& files_;
  const std::string directory_;
  const int64_t reserve_bytes_;
  std::atomic<bool> failed_{false};
  std::atomic<int64_t> directory_syncs_{0};
  std::atomic<int64_t> sync_waiters_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Group>> groups_;  // What is being synced now.
};

}  // namespace tongjian::blob
