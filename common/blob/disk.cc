#include "common/blob/disk.h"

#include "absl/strings/str_cat.h"

namespace tongjian::blob {
namespace {

absl::Status FinalFailure() {
  return base::Unavailable(
      "INTERNAL",
      "the object store has failed to sync its disk and accepts nothing until it "
      "is restarted");
}

}  // namespace

// The syncs of one directory or file: every caller wants one that begins after it asked.
struct Disk::Group {
  int64_t begun = 0;  // Syncs begun so far.
  int64_t done = 0;   // Syncs ended well so far.
  bool running = false;
  int callers = 0;
  absl::Status failure;
};

absl::Status Disk::Admit(int64_t bytes) const {
  if (failed_) return FinalFailure();
  TJ_ASSIGN_OR_RETURN(const int64_t free_bytes, files_.FreeBytes(directory_));
  if (free_bytes - bytes >= reserve_bytes_) return absl::OkStatus();
  return base::Error(absl::StatusCode::kResourceExhausted, "STORAGE_FULL", "",
                     absl::StrCat("the object store's disk has ", free_bytes, " bytes free, ",
                                  reserve_bytes_, " are kept in reserve"));
}

absl::Status Disk::Sync(File& file) {
  if (failed_) return FinalFailure();
  return Note(file.Sync());
}

absl::Status Disk::SyncDirectory(const std::string& path) {
  return SyncGroup(path, [&]() -> absl::Status {
    ++directory_syncs_;
    return files_.SyncDirectory(path);
  });
}

absl::Status Disk::SyncShared(File& file, const std::string& path) {
  return SyncGroup(path, [&] { return file.Sync(); });
}

absl::Status Disk::SyncGroup(const std::string& key, const std::function<absl::Status()>& sync) {
  std::unique_lock lock(mutex_);
  std::shared_ptr<Group>& slot = groups_[key];
  if (slot == nullptr) slot = std::make_shared<Group>();
  const std::shared_ptr<Group> group = slot;
  ++group->callers;
  ++sync_waiters_;
  // One that is running may have looked before this caller's change.
  const int64_t wanted = group->begun + 1;
  while (group->done < wanted && group->failure.ok()) {
    if (group->running) {
      changed_.wait(lock);
      continue;
    }
    group->running = true;
    const int64_t number = ++group->begun;
    lock.unlock();
    const absl::Status status = failed_ ? FinalFailure() : Note(sync());
    lock.lock();
    group->running = false;
    if (status.ok()) {
      group->done = number;
    } else {
      group->failure = status;
    }
    changed_.notify_all();
  }
  --sync_waiters_;
  if (--group->callers == 0) groups_.erase(key);
  return group->done >= wanted ? absl::OkStatus() : group->failure;
}

absl::Status Disk::Note(absl::Status status) {
  // UNAVAILABLE: nothing was tried.
  if (status.ok() || absl::IsUnavailable(status)) return status;
  failed_ = true;
  return FinalFailure();
}

int64_t Disk::FreeBytes() const { return files_.FreeBytes(directory_).value_or(-1); }

}  // namespace tongjian::blob
