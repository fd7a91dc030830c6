// A file system in memory with a plug to pull: the twin of LocalFiles for tests.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>

#include "common/base/clock.h"
#include "common/blob/files.h"

namespace tongjian::blob {

// Remembers what a real disk would still have after power loss: of files what was synced (the rest
// may be there in part, sector by sector), of directories what was synced (each later change may be
// there or not). A rename within a directory is one change, as in any journaling file system. Safe
// for concurrent use; `clock` (for modification times) must outlive it.
class MemoryFiles : public Files {
 public:
  explicit MemoryFiles(const base::Clock& clock);
  ~MemoryFiles() override;

  absl::StatusOr<std::unique_ptr<File>> Open(const std::string& path, OpenMode mode) override;
  absl::StatusOr<FileInfo> Info(const std::string& path) override;
  absl::Status Rename(const std::string& from, const std::string& to) override;
  absl::Status Remove(const std::string& path) override;
  absl::Status MakeDirectory(const std::string& path) override;
  absl::Status RemoveDirectory(const std::string& path) override;
  absl::Status SyncDirectory(const std::string& path) override;
  absl::StatusOr<std::vector<std::string>> List(const std::string& directory) override;
  absl::StatusOr<int64_t> FreeBytes(const std::string& directory) override;
  absl::StatusOr<std::shared_ptr<void>> Lock(const std::string& path) override;

  // How many operations that change something were asked for so far.
  int64_t operations() const;
  // The n-th changing operation from now (0: the next) fails, done or not as the seed decides, and
  // everything after it fails too, until one of the restarts.
  void CutAfter(int64_t operations, uint64_t seed);
  // The process died: open files and locks are gone, all else is as it was.
  void RestartProcess();
  // The power was lost: what was not synced is gone, or torn, as the seed decides.
  void RestartMachine(uint64_t seed);

  // Every sync from now on fails (true) or works again.
  void FailSyncs(bool fail);
  // Unlimited until set.
  void SetCapacity(int64_t bytes);
  // Changes one bit (0 to 7) of the byte at `offset`, behind the back of everyone. NOT_FOUND when
  // there is none.
  absl::Status FlipBit(const std::string& path, int64_t offset, int bit = 4);

 private:
  friend class MemoryFile;
  struct Inode;
  struct Directory;
  struct Node;
  struct Change;

  // All with mutex_ held.
  absl::Status CheckPower() const;
  absl::Status CheckSync() const;
  // Counts a changing operation. When the power goes with it: the failure, and in `half_done`
  // whether it is carried out all the same.
  absl::Status BeginChange(bool* half_done);
  absl::StatusOr<Directory*> FindDirectory(const std::string& path);
  absl::StatusOr<std::pair<Directory*, std::string>> FindParent(const std::string& path);
  int64_t FreeNow() const;
  int64_t UsedBytes(const Directory& directory) const;
  void LosePower(Directory* directory);

  const base::Clock& clock_;
  mutable std::mutex mutex_;
  std::unique_ptr<Directory> root_;
  std::map<std::string, std::weak_ptr<void>> locks_;
  std::mt19937_64 random_;
  int64_t operations_ = 0;
  int64_t cut_at_ = -1;  // By operations_; -1: never.
  bool off_ = false;
  int64_t life_ = 0;  // Of the process; files opened in another one are closed.
  bool fail_syncs_ = false;
  std::optional<int64_t> capacity_;
};

}  // namespace tongjian::blob
