// Goal: a backup of what is being written holds everything acknowledged before it began, and what
// is not whole is never taken for one. Method: a real SQLite database and a real object store in a
// temporary state directory, backups beside a writing thread, then files of the backup changed by
// hand.
#include "services/tongjian/backup.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/blob/store.h"
#include "common/store/database.h"
#include "common/store/feed.h"
#include "services/tongjian/manifest.h"
#include "tests/support/postgres.h"

namespace tongjian::program {
namespace {

namespace fs = std::filesystem;

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Put(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A state directory with what a service writes: an object, then the row that names it and its
// event.
class BackupTest : public ::testing::Test {
 protected:
  BackupTest() {
    std::string path = ::testing::TempDir() + "/backupXXXXXX";
    EXPECT_NE(nullptr, mkdtemp(path.data()));
    root_ = path;
    state_ = root_ + "/state";
    to_ = root_ + "/saved";
    fs::create_directories(state_ + "/db");
    fs::create_directories(state_ + "/keys");
    Put(state_ + "/keys/token.key", "secret");
    EXPECT_EQ(0, chmod((state_ + "/keys/token.key").c_str(), 0600));
    Put(state_ + "/ports.json", "{}");
    database_ = OpenDatabase(state_);
    objects_ = OpenObjects(state_, 0);
  }
  ~BackupTest() override {
    objects_.reset();
    database_.reset();
    fs::remove_all(root_);
  }

  std::unique_ptr<store::Database> OpenDatabase(const std::string& state) {
    auto database = store::Database::Open(
        {.url = "sqlite:" + state + "/db/imaging.db",
         .name = "imaging",
         .migrations = {{1, "rows",
                         "create table item (id bigint primary key, locator text not null);"}}},
        clock_);
    EXPECT_TRUE(database.ok()) << database.status();
    return *std::move(database);
  }

  std::unique_ptr<blob::Store> OpenObjects(const std::string& state, int64_t packed_bytes_max) {
    return *blob::Store::Open({.directory = state + "/blobs/imaging",
                               .reserve_bytes = 0,
                               .packed_bytes_max = packed_bytes_max},
                              clock_);
  }

  absl::Status Write(int64_t id) {
    TJ_ASSIGN_OR_RETURN(const auto writer, objects_->Create());
    TJ_TRY(writer->Append(absl::StrCat("object ", id)));
    TJ_ASSIGN_OR_RETURN(const blob::Receipt receipt, writer->Commit());
    return database_->Write([&](store::Transaction& tx) -> absl::Status {
      tx.Emit({.stream = "imaging",
               .type = "T",
               .key = absl::StrCat(id),
               .audiences = {},
               .payload = ""});
      return tx
          .Execute("insert into item (id, locator) values (:id, :locator)", id, receipt.locator)
          .status();
    });
  }

  absl::Status Backup(bool copy = false) {
    return MakeBackup({.state = state_, .to = to_, .copy = copy}, clock_, {}).status();
  }
  absl::Status Restore() { return RestoreBackup(to_, root_ + "/again", clock_, {}).status(); }

  void HoldsEveryRowsObject();

  // The only object of the backup.
  std::string AnyObject() const {
    for (const auto& entry : fs::recursive_directory_iterator(to_ + "/blobs")) {
      if (entry.is_regular_file()) return entry.path().string();
    }
    return "";
  }

  base::SystemClock clock_;
  std::string root_;
  std::string state_;
  std::string to_;
  std::unique_ptr<store::Database> database_;
  std::unique_ptr<blob::Store> objects_;
};

void BackupTest::HoldsEveryRowsObject() {
  std::atomic<int64_t> acknowledged{0};
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (int64_t id = 1; !stop; ++id) {
      if (!Write(id).ok()) break;
      acknowledged = id;
    }
  });
  while (acknowledged < 20) std::this_thread::yield();
  const int64_t before = acknowledged;
  const auto made = MakeBackup({.state = state_, .to = to_}, clock_, {});
  stop = true;
  writer.join();
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->damaged, 0);
  ASSERT_TRUE(Restore().ok());

  const auto database = OpenDatabase(root_ + "/again");
  const auto objects = OpenObjects(root_ + "/again", 0);
  std::vector<store::Row> rows;
  ASSERT_TRUE(database
                  ->Read([&](store::Session& session) -> absl::Status {
                    TJ_ASSIGN_OR_RETURN(rows,
                                        session.Query("select id, locator from item order by id"));
                    return absl::OkStatus();
                  })
                  .ok());
  ASSERT_GE(static_cast<int64_t>(rows.size()), before);
  for (size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(static_cast<int64_t>(i) + 1, rows[i].Int(0));
    auto reader = objects->OpenReader(rows[i].Text(1));
    ASSERT_TRUE(reader.ok()) << "row " << rows[i].Int(0) << ": " << reader.status();
    EXPECT_EQ(absl::StrCat("object ", rows[i].Int(0)), *(*reader)->Next(100));
  }
}

TEST_F(BackupTest, HoldsWhatWasAcknowledgedBeforeItBeganAndEveryRowsObject) {
  HoldsEveryRowsObject();
}

TEST_F(BackupTest, HoldsObjectsThatShareFiles) {
  objects_.reset();
  objects_ = OpenObjects(state_, 1000);
  HoldsEveryRowsObject();
}

TEST_F(BackupTest, KeepsKeysSecretAndLeavesPortsOut) {
  ASSERT_TRUE(Write(1).ok());
  ASSERT_TRUE(Backup().ok());
  ASSERT_TRUE(Restore().ok());
  EXPECT_EQ("secret", Content(root_ + "/again/keys/token.key"));
  struct stat status = {};
  ASSERT_EQ(0, stat((root_ + "/again/keys/token.key").c_str(), &status));
  EXPECT_EQ(0600u, status.st_mode & 0777);
  ASSERT_EQ(0, stat(to_.c_str(), &status));
  EXPECT_EQ(0700u, status.st_mode & 0777);
  EXPECT_FALSE(fs::exists(to_ + "/ports.json"));
}

TEST_F(BackupTest, RestoringTellsReadersThatTheFeedBeganAnew) {
  ASSERT_TRUE(Write(1).ok());
  const std::string cursor = *database_->feed().Head("imaging");
  ASSERT_TRUE(Backup().ok());
  ASSERT_TRUE(Restore().ok());
  const auto database = OpenDatabase(root_ + "/again");
  EXPECT_EQ(
      "CURSOR_FOREIGN",
      base::DetailOf(database->feed().Read("imaging", cursor, std::nullopt, 10).status()).reason);
  EXPECT_EQ(1u, database->feed().Read("imaging", "", std::nullopt, 10)->events.size());
  EXPECT_TRUE(database_->feed().Read("imaging", cursor, std::nullopt, 10).ok());
}

TEST(Epochs, AreRenewedInPostgresqlThatItsOwnToolsRestored) {
  tongjian::testing::Postgres* server = tongjian::testing::Postgres::Get();
  if (server == nullptr) GTEST_SKIP() << tongjian::testing::Postgres::why();
  const base::SystemClock clock;
  const std::string url = server->NewDatabase();
  const auto open = [&] { return *store::Database::Open({.url = url, .name = "orders"}, clock); };
  const std::string cursor = *open()->feed().Head("orders");
  EXPECT_TRUE(open()->feed().Read("orders", cursor, std::nullopt, 10).ok());
  ASSERT_TRUE(RenewEpochs(url, {"orders"}, clock).ok());
  EXPECT_EQ("CURSOR_FOREIGN",
            base::DetailOf(open()->feed().Read("orders", cursor, std::nullopt, 10).status()).reason);
  EXPECT_EQ(absl::StatusCode::kInvalidArgument,
            RenewEpochs("sqlite:/nowhere", {"orders"}, clock).code());
}

TEST_F(BackupTest, LinksOrCopiesObjects) {
  ASSERT_TRUE(Write(1).ok());
  ASSERT_TRUE(Backup().ok());
  EXPECT_EQ(2u, fs::hard_link_count(AnyObject()));
  fs::remove_all(to_);
  ASSERT_TRUE(Backup(true).ok());
  EXPECT_EQ(1u, fs::hard_link_count(AnyObject()));
}

TEST_F(BackupTest, RefusesATargetThatIsThere) {
  fs::create_directory(to_);
  EXPECT_TRUE(absl::IsAlreadyExists(Backup()));
  EXPECT_TRUE(fs::is_empty(to_));
  fs::remove_all(to_);
  fs::create_directory(to_ + ".part");
  EXPECT_TRUE(absl::IsAlreadyExists(Backup()));
}

TEST_F(BackupTest, RefusesATargetInsideTheState) {
  to_ = state_ + "/saved";
  EXPECT_TRUE(absl::IsInvalidArgument(Backup()));
}

TEST_F(BackupTest, LeavesNothingWhenItFails) {
  state_ = root_ + "/nothing";
  fs::create_directory(state_);
  EXPECT_TRUE(absl::IsFailedPrecondition(Backup()));
  EXPECT_FALSE(fs::exists(to_));
  EXPECT_FALSE(fs::exists(to_ + ".part"));
}

TEST_F(BackupTest, FindsAChangedFileAndRestoresNothing) {
  ASSERT_TRUE(Write(1).ok());
  ASSERT_TRUE(Backup(true).ok());
  Put(to_ + "/keys/token.key", "Secret");
  const absl::Status restored = Restore();
  EXPECT_TRUE(absl::IsDataLoss(restored)) << restored;
  EXPECT_NE(std::string::npos, restored.message().find("keys/token.key")) << restored;
  EXPECT_FALSE(fs::exists(root_ + "/again"));
  EXPECT_FALSE(fs::exists(root_ + "/again.part"));
}

TEST_F(BackupTest, FindsAChangedOrCutObject) {
  ASSERT_TRUE(Write(1).ok());
  ASSERT_TRUE(Backup(true).ok());
  const std::string object = AnyObject();
  const std::string whole = Content(object);
  std::string changed = whole;
  changed[0] ^= 1;
  Put(object, changed);
  EXPECT_TRUE(absl::IsDataLoss(Restore()));
  Put(object, whole.substr(0, whole.size() - 1));
  EXPECT_TRUE(absl::IsDataLoss(Restore()));
  Put(object, whole);
  EXPECT_TRUE(Restore().ok());
}

TEST_F(BackupTest, FindsAMissingFile) {
  ASSERT_TRUE(Write(1).ok());
  ASSERT_TRUE(Backup().ok());
  fs::remove(to_ + "/keys/token.key");
  EXPECT_FALSE(Restore().ok());
}

TEST_F(BackupTest, SaysHowManyObjectsAreDamagedInTheHubAndKeepsThem) {
  ASSERT_TRUE(Write(1).ok());
  const auto locator = [&] {
    std::string path;
    for (const auto& entry : fs::recursive_directory_iterator(state_ + "/blobs/imaging/objects")) {
      if (entry.is_regular_file()) path = entry.path().string();
    }
    return path;
  }();
  Put(locator, "cut");
  const auto report = MakeBackup({.state = state_, .to = to_}, clock_, {});
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(1, report->damaged);
  ASSERT_TRUE(Restore().ok());
}

TEST_F(BackupTest, AManifestThatIsCutOrChangedIsNone) {
  ASSERT_TRUE(Write(1).ok());
  ASSERT_TRUE(Backup().ok());
  const std::string path = to_ + "/" + kManifestName;
  const std::string whole = Content(path);
  const size_t last = whole.rfind("\n", whole.size() - 2);
  for (const std::string& text :
       {whole.substr(0, last + 1), whole + "file\n", whole.substr(whole.find('\n') + 1),
        std::string(), std::string(whole).replace(whole.find(" 600 "), 5, " 644 ")}) {
    Put(path, text);
    EXPECT_TRUE(absl::IsDataLoss(Restore())) << text;
  }
  fs::remove(path);
  EXPECT_TRUE(absl::IsNotFound(Restore()));
}

TEST_F(BackupTest, AManifestNeverLeadsOutOfTheBackup) {
  fs::create_directory(to_);
  for (const char* name : {"../x", "/etc/x", "a/../../x", "a//x", "./x"}) {
    // A manifest that is sound but for the name.
    fs::create_directory(root_ + "/made");
    Put(root_ + "/made/aaaa", "x");
    ASSERT_TRUE(WriteManifest(root_ + "/made", [](const ManifestEntry&) {}).ok());
    std::string text = Content(root_ + "/made/" + kManifestName);
    text.replace(text.find("aaaa"), 4, name);
    Put(to_ + "/" + kManifestName, text);
    EXPECT_TRUE(absl::IsDataLoss(Restore())) << name;
    fs::remove_all(root_ + "/made");
  }
}

}  // namespace
}  // namespace tongjian::program
