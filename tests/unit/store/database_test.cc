#include <atomic>
#include <thread>

#include "common/base/status.h"
#include "common/store/repeatable.h"
#include "tests/support/postgres.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Databases : public StoreTest {};
TJ_ON_BOTH_BACKENDS(Databases);

TEST_P(Databases, KeepEveryKindOfValue) {
  const std::string name = "张三 \"'; drop table thing; -- :x";
  const absl::Time time = absl::FromUnixMicros(1'700'000'000'123'456);
  ASSERT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
    TJ_TRY(transaction
               .Execute("insert into thing (id, number, ratio, name) values "
                        "(:id, :number, :ratio, :name)",
                        "a", int64_t{9'007'199'254'740'993}, 0.1, name)
               .status());
    return transaction
        .Execute(
            "insert into thing (id, number, ratio, name) values "
            "(:id, :number, :ratio, :name)",
            "b", time, std::nullopt, Bytes(std::string("\0\xff", 2)))
        .status();
  }),
              IsOk());
  ASSERT_THAT(database_->Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::vector<Row> rows,
                        session.Query("select number, ratio, name from thing order by id"));
    EXPECT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].Int(0), 9'007'199'254'740'993);
    EXPECT_EQ(rows[0].Real(1), 0.1);
    EXPECT_EQ(rows[0].Text(2), name);
    EXPECT_EQ(rows[1].Time(0), time);
    EXPECT_TRUE(rows[1].IsNull(1));
    EXPECT_EQ(rows[1].Bytes(2), std::string("\0\xff", 2));
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(Databases, ConvertWhateverAnExpressionYields) {
  ASSERT_THAT(Insert("a", 40), IsOk());
  ASSERT_THAT(Insert("b", 2), IsOk());
  ASSERT_THAT(database_->Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        const std::optional<Row> row,
        session.QueryOne("select count(*), sum(number), max(number), avg(number), "
                         "number = 2, min(ratio) from thing where number = 2 group by number"));
    EXPECT_TRUE(row.has_value());
    EXPECT_EQ(row->Int(0), 1);
    EXPECT_EQ(row->Int(1), 2);
    EXPECT_EQ(row->Int(2), 2);
    EXPECT_EQ(row->Real(3), 2.0);
    EXPECT_TRUE(row->Bool(4));
    EXPECT_EQ(row->OptionalInt(5), std::nullopt);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(Databases, BindANameThatAppearsTwiceOnce) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  ASSERT_THAT(database_->Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::vector<Row> rows,
                        session.Query("select id from thing where number = :n and id = "
                                      ":id and (number <= :n or ':x' = :id)",
                                      1, "a"));
    EXPECT_EQ(rows.size(), 1u);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(Databases, RebindPreparedStatements) {
  ASSERT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
    for (int i = 0; i < 500; ++i) {
      const std::optional<int64_t> number = i % 3 == 0 ? std::nullopt : std::optional<int64_t>(i);
      TJ_ASSIGN_OR_RETURN(
          const int64_t changed,
          transaction.Execute("insert into thing (id, number) values (:id, :number)",
                              std::to_string(i), number));
      EXPECT_EQ(changed, 1);
    }
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Count("select sum(number) from thing"), 499 * 500 / 2 - 3 * (166 * 167 / 2));
  EXPECT_EQ(Count("select count(*) from thing where number is null"), 167);
}

TEST_P(Databases, CountChangedRows) {
  for (int i = 0; i < 5; ++i) ASSERT_THAT(Insert(std::to_string(i), i), IsOk());
  ASSERT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
    EXPECT_EQ(*transaction.Execute("update thing set name = 'x' where number >= :n", 2), 3);
    EXPECT_EQ(*transaction.Execute("insert into thing (id) values (:id) on conflict (id) do "
                                   "nothing",
                                   "1"),
              0);
    EXPECT_EQ(*transaction.Execute("delete from thing where number = :n", 99), 0);
    return absl::OkStatus();
  }),
              IsOk());
}

TEST_P(Databases, SurviveReopening) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  database_.reset();
  database_ = OpenAgain();
  EXPECT_EQ(Count("select count(*) from thing"), 1);
}

TEST_P(Databases, UndoAChangeThatFails) {
  const absl::Status refused = database_->Write([&](Transaction& transaction) -> absl::Status {
    TJ_TRY(transaction.Execute("insert into thing (id) values ('a')").status());
    return base::Conflict("STATE_NOT_ALLOWED", "no");
  });
  EXPECT_THAT(refused, HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(Count("select count(*) from thing"), 0);
}

TEST_P(Databases, RunARepeatableChangeLikeAnyOther) {
  const auto insert = [&](const std::string& id, bool tell, const absl::Status& end) {
    return WriteRepeatable(*database_, [=](Transaction& transaction) -> absl::Status {
      TJ_TRY(transaction.Execute("insert into thing (id) values (:id)", id).status());
      if (tell) {
        transaction.Emit({.stream = "things", .type = "t", .key = id, .audiences = {"*"}});
      }
      return end;
    });
  };
  EXPECT_THAT(insert("quiet", false, absl::OkStatus()), IsOk());
  EXPECT_THAT(insert("undone", false, base::Conflict("STATE_NOT_ALLOWED", "no")),
              HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(insert("told", true, absl::OkStatus()), IsOk());
  EXPECT_THAT(insert("told", true, absl::OkStatus()), HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Count("select count(*) from thing"), 2);
  EXPECT_THAT(ReadKeys(1), ::testing::ElementsAre("told"));
}

TEST_P(Databases, UndoAChangeThatHidesAFailedStatement) {
  const absl::Status hidden = database_->Write([&](Transaction& transaction) -> absl::Status {
    TJ_TRY(transaction.Execute("insert into thing (id) values ('a')").status());
    EXPECT_FALSE(transaction.Execute("insert into thing (id) values ('a')").ok());
    EXPECT_FALSE(transaction.Execute("insert into thing (id) values ('b')").ok());
    return absl::OkStatus();
  });
  EXPECT_THAT(hidden, HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(Count("select count(*) from thing"), 0);
}

TEST_P(Databases, UndoAChangeThatThrows) {
  const absl::Status thrown = database_->Write([&](Transaction& transaction) -> absl::Status {
    TJ_TRY(transaction.Execute("insert into thing (id) values ('a')").status());
    throw std::runtime_error("thrown");
  });
  EXPECT_THAT(thrown, HasCode(absl::StatusCode::kInternal));
  EXPECT_EQ(Count("select count(*) from thing"), 0);
  EXPECT_THAT(Insert("b", 1), IsOk());
}

TEST_P(Databases, NeverShowBoundValuesInErrors) {
  ASSERT_THAT(Insert("WANG-XIAOMING", 1), IsOk());
  const absl::Status duplicate = Insert("WANG-XIAOMING", 1);
  EXPECT_THAT(duplicate, HasCode(absl::StatusCode::kAlreadyExists));
  EXPECT_EQ(base::DetailOf(duplicate).reason, "ALREADY_EXISTS");
  EXPECT_THAT(duplicate.ToString(), Not(HasSubstr("WANG")));
  const absl::Status orphan = database_->Write([&](Transaction& transaction) {
    return transaction
        .Execute("insert into part (id, thing_id) values (:id, :thing_id)", "p", "LI-SI")
        .status();
  });
  EXPECT_THAT(orphan, HasCode(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(orphan.ToString(), Not(HasSubstr("LI-SI")));
  const absl::Status wrong = database_->Read([&](Session& session) {
    return session.Query("select no_such_column from thing where id = :id", "ZHAO-LIU").status();
  });
  EXPECT_THAT(wrong, HasCode(absl::StatusCode::kInternal));
  EXPECT_THAT(wrong.ToString(), Not(HasSubstr("ZHAO")));
}

TEST_P(Databases, RefuseTextThatIsNotText) {
  for (const std::string& bad :
       {std::string("a\0b", 3), std::string("\xff"), std::string("\xc0\x80"),
        std::string("\xed\xa0\x80"), std::string("\xe4\xbd")}) {
    EXPECT_THAT(Insert(bad, 1), HasCode(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(Insert("𠮷野家 Ünïcode", 1), IsOk());
}

TEST_P(Databases, ReadOneSnapshot) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  ASSERT_THAT(database_->Read([&](Session& session) -> absl::Status {
    EXPECT_EQ((*session.QueryOne("select count(*) from thing"))->Int(0), 1);
    std::thread writer([&] { EXPECT_THAT(Insert("b", 2), IsOk()); });
    writer.join();
    EXPECT_EQ((*session.QueryOne("select count(*) from thing"))->Int(0), 1);
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_EQ(Count("select count(*) from thing"), 2);
}

TEST_P(Databases, RefuseToWriteInARead) {
  EXPECT_FALSE(database_
                   ->Read([&](Session& session) {
                     return session.Execute("insert into thing (id) values ('a')").status();
                   })
                   .ok());
  EXPECT_EQ(Count("select count(*) from thing"), 0);
  EXPECT_THAT(Insert("b", 1), IsOk());
}

TEST_P(Databases, LimitResults) {
  ASSERT_THAT(database_->Write([&](Transaction& transaction) {
    return transaction
        .Execute(
            "insert into thing (id, number) with recursive n(i) as (select 1 "
            "union all select i + 1 from n where i < 100001) "
            "select cast(i as text), i from n")
        .status();
  }),
              IsOk());
  EXPECT_THAT(database_->Read(
                  [&](Session& session) { return session.Query("select id from thing").status(); }),
              HasCode(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(Count("select id from thing order by number desc"), 100001);
}

TEST_P(Databases, LoseNoUpdateOfConcurrentWriters) {
  ASSERT_THAT(Insert("counter", 0), IsOk());
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::vector<std::thread> threads;
  std::atomic<int> failed = 0;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) {
        const absl::Status status = database_->Write([&](Transaction& transaction) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(
              const std::optional<Row> row,
              transaction.QueryOne("select number from thing where id = 'counter'"));
          return transaction
              .Execute("update thing set number = :n where id = 'counter'", row->Int(0) + 1)
              .status();
        });
        if (!status.ok()) ++failed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Count("select number from thing") + failed, kThreads * kEach);
  EXPECT_EQ(failed, 0);
}

TEST_P(Databases, TellWhenAChangeIsDurable) {
  std::atomic<int> told = 0;
  const auto change = [&](absl::Status result) {
    return [&told, result](Transaction& transaction) {
      transaction.AfterCommit([&told] { ++told; });
      return result;
    };
  };
  ASSERT_THAT(database_->Write(change(absl::OkStatus())), IsOk());
  ASSERT_FALSE(database_->Write(change(absl::CancelledError())).ok());
  // A second change makes sure that the first one's notice has run.
  ASSERT_THAT(Insert("a", 1), IsOk());
  EXPECT_EQ(told, 1);
}

TEST(DatabaseUrls, AreChecked) {
  const base::SystemClock clock;
  EXPECT_THAT(Database::Open({.url = "mysql://x", .name = "x"}, clock).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Database::Open({.url = "sqlite:/tmp/x.db", .name = "X; drop"}, clock).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(
      Database::Open({.url = "postgresql:///x?host=/nonexistent&user=x", .name = "x"}, clock)
          .status(),
      HasCode(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Database::Open({.url = "sqlite:/nonexistent/x.db", .name = "x"}, clock).ok());
}

class SqliteDatabases : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Only, SqliteDatabases, ::testing::Values(Backend::kSqlite), BackendName);

TEST_P(SqliteDatabases, EndTheProcessOnAWriteInARead) {
  EXPECT_DEATH(database_->Read([&](Session&) { return Insert("a", 1); }).IgnoreError(),
               "check failed");
}

class PostgresDatabases : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(Only, PostgresDatabases, ::testing::Values(Backend::kPostgres),
                         BackendName);

TEST_P(PostgresDatabases, ReconnectWhenTheServerDropsThem) {
  ASSERT_THAT(Insert("a", 1), IsOk());
  testing::Postgres::Get()->DropConnections();
  EXPECT_THAT(Insert("b", 2), IsOk());
  testing::Postgres::Get()->DropConnections();
  EXPECT_EQ(Count("select count(*) from thing"), 2);
  ASSERT_THAT(Emit("k"), IsOk());
  EXPECT_EQ(ReadKeys(1).size(), 1u);
}

}  // namespace
}  // namespace tongjian::store
