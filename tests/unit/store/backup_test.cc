#include <atomic>
#include <filesystem>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

class Backups : public StoreTest {
 protected:
  std::unique_ptr<Database> Restore(const std::string& path) {
    DatabaseOptions options = Options();
    options.url = "sqlite:" + path;
    return OpenAgain(options);
  }
};
INSTANTIATE_TEST_SUITE_P(Only, Backups, ::testing::Values(Backend::kSqlite), BackendName);

TEST_P(Backups, HoldWhatWasAcknowledgedWhileWritersGoOn) {
  std::atomic<bool> stop = false;
  std::atomic<int64_t> acknowledged = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      ASSERT_THAT(Insert(std::to_string(i), i), IsOk());
      ++acknowledged;
    }
  });
  while (acknowledged < 50) std::this_thread::yield();
  const int64_t before = acknowledged;
  const std::string path = folder_.File("backup.db");
  EXPECT_THAT(database_->Backup(path), IsOk());
  const int64_t after = acknowledged + 1;
  stop = true;
  writer.join();
  database_ = Restore(path);
  const int64_t rows = Count("select count(*) from thing");
  EXPECT_GE(rows, before);
  EXPECT_LE(rows, after);
  EXPECT_EQ(Count("select max(number) + 1 from thing"), rows);
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST_P(Backups, AreNotWrittenOverOthers) {
  const std::string path = folder_.File("backup.db");
  ASSERT_THAT(database_->Backup(path), IsOk());
  EXPECT_THAT(database_->Backup(path), HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_FALSE(database_->Backup(folder_.File("nowhere/backup.db")).ok());
}

TEST_P(Backups, StartANewEpochWhenRestored) {
  const std::string path = folder_.File("backup.db");
  ASSERT_THAT(Emit("a"), IsOk());
  ASSERT_THAT(database_->Backup(path), IsOk());
  ASSERT_THAT(Emit("lost with the disk"), IsOk());
  const std::string cursor = *database_->feed().Head("things");
  database_ = Restore(path);
  ASSERT_THAT(database_->StartNewEpoch(), IsOk());
  ASSERT_THAT(Emit("another event in its place"), IsOk());
  EXPECT_EQ(
      base::DetailOf(database_->feed().Read("things", cursor, std::nullopt, 10).status()).reason,
      "CURSOR_FOREIGN");
}

class PostgresBackups : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Only, PostgresBackups, ::testing::Values(Backend::kPostgres), BackendName);

TEST_P(PostgresBackups, AreLeftToPostgres) {
  EXPECT_THAT(database_->Backup(folder_.File("x")), HasCode(absl::StatusCode::kUnimplemented));
}

}  // namespace
}  // namespace tongjian::store
