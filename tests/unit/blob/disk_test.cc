#include "common/blob/disk.h"

#include <condition_variable>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/blob/memory_files.h"
#include "gtest/gtest.h"

namespace tongjian::blob {
namespace {

// Holds every directory sync until the gate is opened.
class GatedFiles : public MemoryFiles {
 public:
  using MemoryFiles::MemoryFiles;
  absl::Status SyncDirectory(const std::string& path) override {
    std::unique_lock lock(mutex_);
    opened_.wait(lock, [this] { return open_; });
    lock.unlock();
    return MemoryFiles::SyncDirectory(path);
  }
  void OpenGate() {
    std::lock_guard lock(mutex_);
    open_ = true;
    opened_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
};

class DiskTest : public testing::Test {
 protected:
  DiskTest() { EXPECT_TRUE(files_.MakeDirectory("/d").ok()); }
  void StartSync() {
    threads_.emplace_back([this] {
      if (!disk_.SyncDirectory("/d").ok()) ++failures_;
    });
    const auto waiting = static_cast<int64_t>(threads_.size());
    while (disk_.sync_waiters() < waiting) std::this_thread::yield();
  }
  void Finish() {
    files_.OpenGate();
    for (std::thread& thread : threads_) thread.join();
  }

  base::SystemClock clock_;
  GatedFiles files_{clock_};
  Disk disk_{files_, "/d", 0};
  std::vector<std::thread> threads_;
  std::atomic<int> failures_{0};
};

TEST_F(DiskTest, SharesTheNextSyncAmongThoseWhoCameDuringOne) {
  for (int i = 0; i < 5; ++i) StartSync();
  Finish();
  EXPECT_EQ(disk_.directory_syncs(), 2);  // The first one's own, and one for the other four.
  EXPECT_EQ(failures_, 0);
  EXPECT_TRUE(disk_.SyncDirectory("/d").ok());
  EXPECT_EQ(disk_.directory_syncs(), 3);
}

TEST_F(DiskTest, FailsEveryoneWhoWaitedWhenASyncFails) {
  files_.FailSyncs(true);
  for (int i = 0; i < 3; ++i) StartSync();
  Finish();
  EXPECT_EQ(failures_, 3);
  files_.FailSyncs(false);
  EXPECT_FALSE(disk_.SyncDirectory("/d").ok());
  EXPECT_EQ(disk_.directory_syncs(), 1);
  EXPECT_FALSE(disk_.Admit(0).ok());
}

}  // namespace
}  // namespace tongjian::blob
