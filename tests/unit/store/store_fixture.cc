#include "tests/unit/store/store_fixture.h"

#include <stdlib.h>

#include <filesystem>

#include "tests/support/postgres.h"
#include "tests/unit/store/schema.h"

namespace tongjian::store {

TemporaryFolder::TemporaryFolder() {
  char name[] = "/tmp/tongjian-store-XXXXXX";
  if (mkdtemp(name) == nullptr) abort();
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

void StoreTest::SetUp() {
  if (GetParam() == Backend::kPostgres) {
    testing::Postgres* server = testing::Postgres::Get();
    if (server == nullptr) GTEST_SKIP() << testing::Postgres::why();
    url_ = server->Url();
    static int schemas = 0;
    name_ = "things_" + std::to_string(++schemas);
  } else {
    url_ = "sqlite:" + folder_.File("test.db");
  }
  database_ = OpenAgain();
  ASSERT_NE(database_, nullptr);
}

DatabaseOptions StoreTest::Options() const {
  DatabaseOptions options;
  options.url = url_;
  options.name = name_;
  options.migrations = Schema();
  options.feed_poll = absl::Milliseconds(10);
  return options;
}

std::unique_ptr<Database> StoreTest::OpenAgain(const DatabaseOptions& options) {
  absl::StatusOr<std::unique_ptr<Database>> opened = Database::Open(options, clock_);
  EXPECT_THAT(opened.status(), IsOk());
  return opened.ok() ? *std::move(opened) : nullptr;
}

absl::Status StoreTest::Insert(const std::string& id, int64_t number) {
  return database_->Write([&](Transaction& transaction) {
    return transaction.Execute("insert into thing (id, number) values (:id, :number)", id, number)
        .status();
  });
}

int64_t StoreTest::Count(const std::string& sql) {
  int64_t count = -1;
  EXPECT_THAT(database_->Read([&](Session& session) -> absl::Status {
    absl::StatusOr<std::optional<Row>> row = session.QueryOne(sql);
    if (row.ok() && *row) count = (*row)->Int(0);
    return row.status();
  }),
              IsOk());
  return count;
}

absl::Status StoreTest::Emit(const std::string& key, std::vector<std::string> audiences,
                             const std::string& stream) {
  return database_->Write([&](Transaction& transaction) {
    transaction.Emit({.stream = stream,
                      .type = "thing.v1",
                      .key = key,
                      .audiences = audiences,
                      .payload = "payload of " + key});
    return absl::OkStatus();
  });
}

std::vector<std::string> StoreTest::ReadKeys(size_t count, const std::string& stream) {
  std::vector<std::string> keys;
  std::string cursor;
  while (keys.size() < count) {
    if (!database_->feed().Wait(stream, cursor, absl::Seconds(20))) break;
    absl::StatusOr<FeedPage> page = database_->feed().Read(stream, cursor, std::nullopt, 100);
    EXPECT_THAT(page.status(), IsOk());
    if (!page.ok()) break;
    for (const Event& event : page->events) keys.push_back(event.key);
    cursor = page->next_cursor;
  }
  return keys;
}

std::string BackendName(const ::testing::TestParamInfo<Backend>& info) {
  return info.param == Backend::kSqlite ? "Sqlite" : "Postgres";
}

}  // namespace tongjian::store
