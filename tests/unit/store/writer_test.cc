// The batching writer of SQLite, also on a disk that fails. Goal: nothing is acknowledged that was
// not synced, and one failed sync is final. Method: this program's own fsync and fdatasync stand
// before the C library's and fail on demand.
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace {

std::atomic<bool> disk_fails = false;
std::atomic<int> syncs = 0;

int Sync(int file, long call) {
  ++syncs;
  if (disk_fails) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(call, file));
}

}  // namespace

extern "C" int fsync(int file) { return Sync(file, SYS_fsync); }
extern "C" int fdatasync(int file) { return Sync(file, SYS_fdatasync); }

namespace tongjian::store {
namespace {

// Opens when told to.
class Gate {
 public:
  void Open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void Pass() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return open_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

class Writer : public StoreTest {
 protected:
  void TearDown() override { disk_fails = false; }

  // Occupies the writer until `gate` opens.
  std::thread Block(Gate& started, Gate& gate) {
    return std::thread([&] {
      EXPECT_THAT(database_->Write([&](Transaction&) {
        started.Open();
        gate.Pass();
        return absl::OkStatus();
      }),
                  IsOk());
    });
  }

  void WaitForQueue(int64_t depth) {
    while (database_->writer_stats().queued < depth) std::this_thread::yield();
  }
};
INSTANTIATE_TEST_SUITE_P(Only, Writer, ::testing::Values(Backend::kSqlite), BackendName);

TEST_P(Writer, TakesWaitingChangesIntoOneCommit) {
  constexpr int kWaiting = 20;
  Gate started, gate;
  std::thread blocker = Block(started, gate);
  started.Pass();
  const WriterStats before = database_->writer_stats();
  const int syncs_before = syncs;
  std::vector<std::thread> callers;
  for (int i = 0; i < kWaiting; ++i) {
    callers.emplace_back([&, i] { EXPECT_THAT(Insert(std::to_string(i), i), IsOk()); });
  }
  WaitForQueue(kWaiting);
  clock_.Advance(absl::Seconds(3));
  EXPECT_EQ(database_->writer_stats().oldest_waiting, absl::Seconds(3));
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  blocker.join();
  EXPECT_EQ(Count("select count(*) from thing"), kWaiting);
  // The blocked batch was past its time when the gate opened: the others make the next one.
  EXPECT_EQ(database_->writer_stats().batches - before.batches, 2);
  EXPECT_EQ(database_->writer_stats().changes - before.changes, kWaiting + 1);
  EXPECT_EQ(syncs - syncs_before, 1);  // the first batch changed nothing
  EXPECT_EQ(database_->writer_stats().queued, 0);
}

TEST_P(Writer, LetsOneOfABatchFailAlone) {
  Gate started, gate;
  std::thread blocker = Block(started, gate);
  started.Pass();
  absl::Status first, second;
  std::thread a([&] { first = Insert("same", 1); });
  WaitForQueue(1);
  std::thread b([&] { second = Insert("same", 2); });
  WaitForQueue(2);
  gate.Open();
  for (std::thread* thread : {&a, &b, &blocker}) thread->join();
  EXPECT_THAT(first, IsOk());
  EXPECT_THAT(second, HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Count("select number from thing where id = 'same'"), 1);
}

TEST_P(Writer, RefusesMoreThanItsQueueHolds) {
  database_.reset();
  DatabaseOptions options = Options();
  options.writes_queued_max = 1;
  database_ = OpenAgain(options);
  Gate started, gate;
  std::thread blocker = Block(started, gate);
  started.Pass();
  std::thread queued([&] { EXPECT_THAT(Insert("queued", 1), IsOk()); });
  WaitForQueue(1);
  EXPECT_THAT(Insert("refused", 1), HasCode(absl::StatusCode::kResourceExhausted));
  gate.Open();
  queued.join();
  blocker.join();
  EXPECT_EQ(Count("select count(*) from thing"), 1);
}

TEST_P(Writer, SyncsBeforeItAnswers) {
  const int before = syncs;
  ASSERT_THAT(Insert("a", 1), IsOk());
  EXPECT_GE(syncs - before, 1);
}

TEST_P(Writer, AcceptsNothingAfterAFailedSync) {
  ASSERT_THAT(Insert("kept", 1), IsOk());
  disk_fails = true;
  EXPECT_THAT(Insert("lost", 2), HasCode(absl::StatusCode::kInternal));
  disk_fails = false;
  EXPECT_THAT(Insert("late", 3), HasCode(absl::StatusCode::kInternal));
  EXPECT_THAT(database_->health(), HasCode(absl::StatusCode::kInternal));
  EXPECT_TRUE(database_->writer_stats().failed);
  database_.reset();
  database_ = OpenAgain();
  EXPECT_EQ(Count("select count(*) from thing where id = 'kept'"), 1);
  EXPECT_EQ(Count("select count(*) from thing where id = 'late'"), 0);
  EXPECT_THAT(Insert("again", 4), IsOk());
}

TEST_P(Writer, FailsAWholeBatchWithItsSync) {
  Gate started, gate;
  std::thread blocker([&] {
    EXPECT_THAT(database_->Write([&](Transaction&) {
      started.Open();
      gate.Pass();
      return absl::OkStatus();
    }),
                HasCode(absl::StatusCode::kInternal));
  });
  started.Pass();
  std::vector<std::thread> callers;
  for (int i = 0; i < 5; ++i) {
    callers.emplace_back([&, i] {
      EXPECT_THAT(Insert(std::to_string(i), i), HasCode(absl::StatusCode::kInternal));
    });
  }
  WaitForQueue(5);
  disk_fails = true;
  gate.Open();
  blocker.join();
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(Count("select count(*) from thing"), 0);
}

TEST_P(Writer, GoesOnOnceAFullDiskHasRoom) {
  ASSERT_THAT(Insert("first", 1), IsOk());
  const auto limit_pages = [&](int64_t pages) {
    // A limit of the writer's own connection, as a full disk is to it.
    return database_->Write([&](Transaction& transaction) {
      return transaction.Query("pragma max_page_count = " + std::to_string(pages)).status();
    });
  };
  ASSERT_THAT(limit_pages(1), IsOk());  // as small as the file is now
  absl::Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i)
    status = Insert(std::string(1000, 'x') + std::to_string(i), i);
  EXPECT_THAT(status, HasCode(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(base::DetailOf(status).reason, "STORAGE_FULL");
  EXPECT_THAT(database_->health(), IsOk());
  ASSERT_THAT(limit_pages(1'000'000), IsOk());
  EXPECT_THAT(Insert("last", 1), IsOk());
}

TEST_P(Writer, KeepsEveryAcknowledgedRowOfManyThreads) {
  // Also the cheap look at speed: with 16 callers the commits are far fewer than the changes.
  constexpr int kThreads = 16;
  constexpr int kEach = 100;
  const WriterStats before = database_->writer_stats();
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_THAT(Insert(std::to_string(t) + "/" + std::to_string(i), i), IsOk());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count("select count(*) from thing"), kThreads * kEach);
  const WriterStats after = database_->writer_stats();
  EXPECT_EQ(after.changes - before.changes, kThreads * kEach);
  EXPECT_LT(after.batches - before.batches, kThreads * kEach / 2);
}

}  // namespace
}  // namespace tongjian::store
