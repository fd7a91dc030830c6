// The batching writer of SQLite, also on a disk that fails. Goal: nothing is acknowledged that was
// not synced, and one failed sync is final. Method: this program's own fsync and fdatasync stand
// before the C library's and fail on demand.
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include "common/base/status.h"
#include "common/store/repeatable.h"
#include "common/store/sqlite_checkpointer.h"
#include "tests/unit/store/store_fixture.h"

namespace {

std::atomic<bool> disk_fails = false;
std::atomic<int> syncs = 0;
std::atomic<int64_t> log_synced = 0;  // Bytes of SQLite's log that were there at its last sync.

void NoteLog(int file) {
  char name[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(file);
  const ssize_t size = readlink(link.c_str(), name, sizeof name);
  struct stat now;
  if (size < 4 || std::string(name + size - 4, 4) != "-wal" || fstat(file, &now) != 0) return;
  log_synced = now.st_size;
}

int Sync(int file, long call) {
  ++syncs;
  NoteLog(file);
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

  absl::Status InsertRepeatable(const std::string& id) {
    return WriteRepeatable(*database_, [&](Transaction& transaction) {
      return transaction.Execute("insert into thing (id, number) values (:id, 0)", id).status();
    });
  }

  // Rows that fill at least so many pages.
  absl::Status InsertPages(const std::string& id, int count) {
    return database_->Write([&](Transaction& transaction) -> absl::Status {
      for (int i = 0; i < count; ++i) {
        TJ_TRY(transaction
                   .Execute("insert into thing (id, name) values (:id, :name)",
                            id + "/" + std::to_string(i), std::string(3000, 'x'))
                   .status());
      }
      return absl::OkStatus();
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

TEST_P(Writer, LeavesARepeatableChangeToTheNextSync) {
  const int before = syncs;
  EXPECT_THAT(InsertRepeatable("a"), IsOk());
  EXPECT_THAT(InsertRepeatable("b"), IsOk());
  EXPECT_EQ(syncs, before);
  EXPECT_EQ(Count("select count(*) from thing"), 2);
  ASSERT_THAT(Insert("c", 1), IsOk());
  EXPECT_GE(syncs - before, 1);
}

TEST_P(Writer, LosesNothingButRepeatableChangesWithThePower) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  ASSERT_THAT(InsertRepeatable("b"), IsOk());
  ASSERT_THAT(Insert("c", 1), IsOk());
  ASSERT_THAT(InsertRepeatable("d"), IsOk());
  ASSERT_THAT(InsertRepeatable("e"), IsOk());
  // What the disk would have: the file, and its log as far as it was synced.
  const std::string left = folder_.File("left.db");
  const std::string from = url_.substr(std::string("sqlite:").size());
  std::filesystem::copy_file(from, left);
  std::filesystem::copy_file(from + "-wal", left + "-wal");
  std::filesystem::resize_file(left + "-wal", log_synced);
  DatabaseOptions options = Options();
  options.url = "sqlite:" + left;
  database_ = OpenAgain(options);
  EXPECT_EQ(Count("select count(*) from thing"), 3);
  EXPECT_EQ(Count("select count(*) from thing where id in ('a', 'b', 'c')"), 3);
}

TEST_P(Writer, SyncsARepeatableChangeThatOthersHearOf) {
  const int before = syncs;
  std::atomic<int> told = 0;
  ASSERT_THAT(
      WriteRepeatable(
          *database_,
          [&](Transaction& transaction) {
            transaction.Emit({.stream = "things", .type = "t", .key = "a", .audiences = {"*"}});
            transaction.AfterCommit([&] { ++told; });
            return transaction.Execute("insert into thing (id, number) values ('a', 1)").status();
          }),
      IsOk());
  EXPECT_GE(syncs - before, 1);
  ASSERT_THAT(Insert("b", 1), IsOk());  // Behind the notices of what was written before.
  EXPECT_EQ(told, 1);
  EXPECT_THAT(ReadKeys(1), ::testing::ElementsAre("a"));
  EXPECT_EQ(Count("select count(*) from thing where id = 'a'"), 1);
}

TEST_P(Writer, TakesRepeatableChangesInTurnWithTheOthers) {
  Gate started, gate;
  std::thread blocker = Block(started, gate);
  started.Pass();
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i) {
    callers.emplace_back([&, i] { EXPECT_THAT(Insert(std::to_string(i), i), IsOk()); });
    callers.emplace_back([&, i] { EXPECT_THAT(InsertRepeatable(std::to_string(-1 - i)), IsOk()); });
  }
  WaitForQueue(6);
  const WriterStats before = database_->writer_stats();
  const int syncs_before = syncs;
  clock_.Advance(
      absl::Seconds(1));  // The blocked batch is past its time: the others make the next ones.
  gate.Open();
  for (std::thread& caller : callers) caller.join();
  blocker.join();
  EXPECT_EQ(database_->writer_stats().batches - before.batches, 3);
  EXPECT_EQ(syncs - syncs_before, 1);
  EXPECT_EQ(Count("select count(*) from thing"), 6);
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

TEST_P(Writer, MovesItsLogIntoTheFileBesideTheWriter) {
  const std::string file = url_.substr(std::string("sqlite:").size());
  ASSERT_THAT(InsertPages("a", 2 * kLogPages), IsOk());
  // Nobody writes any more.
  while (std::filesystem::file_size(file) < kLogPages * 4096u) std::this_thread::yield();
}

TEST_P(Writer, BeginsItsLogAnewHoweverMuchIsWritten) {
  const std::string log = url_.substr(std::string("sqlite:").size()) + "-wal";
  for (int i = 0; i < 40; ++i) {
    ASSERT_THAT(InsertPages(std::to_string(i), 500), IsOk());
    EXPECT_LT(std::filesystem::file_size(log), 2 * kLogPagesMax * 4096u);
  }
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
