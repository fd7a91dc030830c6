#include "common/store/migration.h"

#include <thread>

#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

class Migrations : public StoreTest {};
TJ_ON_BOTH_BACKENDS(Migrations);

TEST_P(Migrations, AreAppliedOnce) {
  DatabaseOptions options = Options();
  options.migrations.push_back({3, "more", "insert into thing (id) values ('from migration');"});
  database_.reset();
  OpenAgain(options).reset();
  database_ = OpenAgain(options);
  EXPECT_EQ(Count("select count(*) from thing"), 1);
  EXPECT_EQ(Count("select count(*) from schema_migration where component <> 'store'"), 3);
}

TEST_P(Migrations, RefuseAChangedPast) {
  DatabaseOptions options = Options();
  options.migrations[0].sql += " ";
  EXPECT_THAT(Database::Open(options, clock_).status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
}

TEST_P(Migrations, RefuseNumbersThatDoNotRise) {
  DatabaseOptions options = Options();
  options.migrations.push_back({2, "twice", "select 1"});
  EXPECT_THAT(Database::Open(options, clock_).status(),
              HasCode(absl::StatusCode::kFailedPrecondition));
}

TEST_P(Migrations, LeaveNothingOfOneThatFails) {
  DatabaseOptions options = Options();
  options.migrations.push_back(
      {3, "broken", "create table extra (id text); insert into nowhere values (1);"});
  EXPECT_THAT(Database::Open(options, clock_).status(), HasCode(absl::StatusCode::kInternal));
  EXPECT_EQ(Count("select count(*) from schema_migration where number = 3 and component <> "
                  "'store'"),
            0);
  EXPECT_FALSE(
      database_
          ->Read([](Session& session) { return session.Query("select id from extra").status(); })
          .ok());
}

TEST_P(Migrations, LetAnOlderReleaseOpenANewerDatabase) {
  DatabaseOptions newer = Options();
  newer.migrations.push_back({3, "more", "alter table thing add column extra text"});
  ASSERT_THAT(Insert("before", 1), IsOk());
  // The older release still runs, with statements prepared against the old table.
  const auto read = [this] {
    return database_->Read(
        [](Session& session) { return session.Query("select * from thing order by id").status(); });
  };
  ASSERT_THAT(read(), IsOk());
  ASSERT_NE(OpenAgain(newer), nullptr);
  EXPECT_THAT(read(), IsOk());
  EXPECT_THAT(Insert("a", 1), IsOk());
  EXPECT_NE(OpenAgain(Options()), nullptr);
}

TEST_P(Migrations, OfTwoProcessesAtOnceMeetOnce) {
  DatabaseOptions options = Options();
  options.migrations.push_back({3, "more", "insert into thing (id) values ('from migration');"});
  std::vector<std::thread> processes;
  for (int i = 0; i < 4; ++i)
    processes.emplace_back([&] { EXPECT_NE(OpenAgain(options), nullptr); });
  for (std::thread& process : processes) process.join();
  EXPECT_EQ(Count("select count(*) from thing"), 1);
}

}  // namespace
}  // namespace tongjian::store
