#include "common/store/feed.h"

#include <atomic>
#include <set>
#include <thread>

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> Keys(const FeedPage& page) {
  std::vector<std::string> keys;
  for (const Event& event : page.events) keys.push_back(event.key);
  return keys;
}

class Feeds : public StoreTest {
 protected:
  Feed& feed() { return database_->feed(); }

  FeedPage Read(const std::string& cursor, std::optional<std::string> facility = std::nullopt,
                int64_t limit = 100) {
    absl::StatusOr<FeedPage> page = feed().Read("things", cursor, facility, limit);
    EXPECT_THAT(page.status(), IsOk());
    return page.ok() ? *std::move(page) : FeedPage();
  }

  // Emits and waits until the events have their positions.
  void EmitAll(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) {
      ASSERT_THAT(Emit(key), IsOk());
      ++emitted_;
    }
    ASSERT_EQ(ReadKeys(emitted_).size(), emitted_);
  }

  void ExpectReason(const std::string& cursor, const std::string& reason) {
    const absl::Status status = feed().Read("things", cursor, std::nullopt, 10).status();
    EXPECT_THAT(status, HasCode(absl::StatusCode::kOutOfRange));
    EXPECT_EQ(base::DetailOf(status).reason, reason);
  }

  size_t emitted_ = 0;
};
TJ_ON_BOTH_BACKENDS(Feeds);

TEST_P(Feeds, GiveEventsBackAsTheyWereEmitted) {
  Event event{.stream = "things",
              .type = "thing.v1",
              .key = "k",
              .audiences = {"zhouzhuang", "andi", "zhouzhuang"},
              .payload = std::string("\0\x01\xff bytes", 9),
              .time = absl::FromUnixMicros(5)};
  ASSERT_THAT(database_->Write([&](Transaction& transaction) {
    transaction.Emit(event);
    return absl::OkStatus();
  }),
              IsOk());
  ASSERT_EQ(ReadKeys(1).size(), 1u);
  const Event read = Read("").events.at(0);
  EXPECT_EQ(read.stream, event.stream);
  EXPECT_EQ(read.type, event.type);
  EXPECT_EQ(read.payload, event.payload);
  EXPECT_EQ(read.time, event.time);
  EXPECT_EQ(read.position, 1);
  EXPECT_THAT(read.audiences, ElementsAre("andi", "zhouzhuang"));
  EXPECT_EQ(feed().CursorAfter(read), Read("").next_cursor);
}

TEST_P(Feeds, TellNothingOfAChangeThatFailed) {
  ASSERT_FALSE(database_
                   ->Write([&](Transaction& transaction) {
                     transaction.Emit({.stream = "things", .key = "never"});
                     return absl::AbortedError("no");
                   })
                   .ok());
  ASSERT_THAT(Emit("after"), IsOk());
  EXPECT_THAT(ReadKeys(1), ElementsAre("after"));
}

TEST_P(Feeds, PageInOrder) {
  EmitAll({"a", "b", "c", "d", "e"});
  FeedPage page = Read("", std::nullopt, 2);
  EXPECT_THAT(Keys(page), ElementsAre("a", "b"));
  EXPECT_TRUE(page.more);
  page = Read(page.next_cursor, std::nullopt, 2);
  EXPECT_THAT(Keys(page), ElementsAre("c", "d"));
  page = Read(page.next_cursor, std::nullopt, 2);
  EXPECT_THAT(Keys(page), ElementsAre("e"));
  EXPECT_FALSE(page.more);
  EXPECT_THAT(Keys(Read(page.next_cursor)), ElementsAre());
}

TEST_P(Feeds, KeepStreamsApart) {
  ASSERT_THAT(Emit("a", {"*"}, "things"), IsOk());
  ASSERT_THAT(Emit("b", {"*"}, "others"), IsOk());
  ASSERT_THAT(database_->Write([](Transaction& transaction) {
    transaction.Audit("who saw what");
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(ReadKeys(1, "things"), ElementsAre("a"));
  EXPECT_THAT(ReadKeys(1, "others"), ElementsAre("b"));
  ASSERT_EQ(ReadKeys(1, "audit").size(), 1u);
  EXPECT_EQ(feed().Read("audit", "", std::nullopt, 10)->events.at(0).payload, "who saw what");
  EXPECT_THAT(feed().Read("audit", "", "andi", 10)->events, ElementsAre());
}

TEST_P(Feeds, ShowAFacilityOnlyItsOwn) {
  ASSERT_THAT(Emit("both", {"andi", "baolong"}), IsOk());
  ASSERT_THAT(Emit("everybody", {"*", "andi"}), IsOk());
  ASSERT_THAT(Emit("baolong", {"baolong"}), IsOk());
  ASSERT_THAT(Emit("nobody", {}), IsOk());
  ASSERT_THAT(Emit("andi", {"andi"}), IsOk());
  ASSERT_EQ(ReadKeys(5).size(), 5u);
  EXPECT_THAT(Keys(Read("", "andi")), ElementsAre("both", "everybody", "andi"));
  EXPECT_THAT(Keys(Read("", "baolong")), ElementsAre("both", "everybody", "baolong"));
  EXPECT_THAT(Keys(Read("", "chengguan")), ElementsAre("everybody"));
  EXPECT_THAT(Keys(Read("")), ElementsAre("both", "everybody", "baolong", "nobody", "andi"));
  const FeedPage page = Read("", "andi", 1);
  EXPECT_TRUE(page.more);
  EXPECT_THAT(Keys(Read(page.next_cursor, "andi")), ElementsAre("everybody", "andi"));
}

TEST_P(Feeds, RefuseAnAudienceThatIsNone) {
  EXPECT_THAT(Emit("a", {"two words"}), HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(Emit("a", {""}), HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(Feeds, RefuseCursorsThatAreNone) {
  EmitAll({"a"});
  for (const char* bad : {"x", "****", "MTp4"}) {
    EXPECT_THAT(feed().Read("things", bad, std::nullopt, 10).status(),
                HasCode(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(feed().Read("things", "", std::nullopt, 0).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(feed().Read("things", "", std::nullopt, kFeedPageMax + 1).status(),
              HasCode(absl::StatusCode::kInvalidArgument));
}

TEST_P(Feeds, ExpireCursorsByTrimming) {
  EmitAll({"a", "b"});
  const std::string old = feed().CursorAfter(Read("").events[0]);
  const std::string last = Read("").next_cursor;
  clock_.Advance(absl::Hours(1));
  EmitAll({"c"});
  EXPECT_EQ(*feed().Trim("things", clock_.Now() - absl::Minutes(1), 100), 2);
  EXPECT_EQ(*feed().Trim("things", clock_.Now() - absl::Minutes(1), 100), 0);
  ExpectReason(old, "CURSOR_EXPIRED");
  EXPECT_THAT(Keys(Read(last)), ElementsAre("c"));
  EXPECT_THAT(Keys(Read("")), ElementsAre("c"));
  EXPECT_THAT(Keys(Read("", "andi")), ElementsAre("c"));
  EXPECT_EQ(Count("select count(*) from store_feed_audience"), 1);
}

TEST_P(Feeds, TrimAtMostWhatIsAsked) {
  EmitAll({"a", "b", "c"});
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(*feed().Trim("things", clock_.Now(), 2), 2);
  EXPECT_THAT(Keys(Read("")), ElementsAre("c"));
}

TEST_P(Feeds, MoveAReaderOnToWhomNothingIsSent) {
  ASSERT_THAT(Emit("a", {"andi"}), IsOk());
  ASSERT_EQ(ReadKeys(1).size(), 1u);
  const std::string cursor = Read("", "baolong").next_cursor;
  clock_.Advance(absl::Hours(1));
  ASSERT_EQ(*feed().Trim("things", clock_.Now(), 100), 1);
  EXPECT_THAT(Keys(Read(cursor, "baolong")), ElementsAre());
}

TEST_P(Feeds, RefuseCursorsOfAnotherEpochOrStream) {
  EmitAll({"a"});
  const std::string cursor = Read("").next_cursor;
  EXPECT_EQ(base::DetailOf(feed().Read("others", cursor, std::nullopt, 10).status()).reason,
            "CURSOR_FOREIGN");
  ASSERT_THAT(database_->StartNewEpoch(), IsOk());
  ExpectReason(cursor, "CURSOR_FOREIGN");
  EXPECT_TRUE(feed().Wait("things", cursor, absl::ZeroDuration()));  // so that the reader learns
  EXPECT_THAT(Keys(Read("")), ElementsAre("a"));
  const std::string fresh = Read("").next_cursor;
  database_.reset();
  database_ = OpenAgain();
  EXPECT_THAT(Keys(Read(fresh)), ElementsAre());
}

TEST_P(Feeds, RefuseACursorFromTheFuture) {
  EmitAll({"a"});
  const std::string cursor = feed().CursorAfter({.stream = "things", .position = 7});
  ExpectReason(cursor, "CURSOR_FOREIGN");
}

TEST_P(Feeds, StartAtTheHead) {
  EmitAll({"a", "b"});
  const absl::StatusOr<std::string> head = feed().Head("things");
  ASSERT_THAT(head.status(), IsOk());
  EmitAll({"c"});
  EXPECT_THAT(Keys(Read(*head)), ElementsAre("c"));
  EXPECT_THAT(feed().Head("a stream without events").status(), IsOk());
}

TEST_P(Feeds, WakeThoseWhoWait) {
  const std::string head = *feed().Head("things");
  EXPECT_FALSE(feed().Wait("things", head, absl::Milliseconds(1)));
  std::thread waiter([&] { EXPECT_TRUE(feed().Wait("things", head, absl::Seconds(60))); });
  ASSERT_THAT(Emit("a"), IsOk());
  waiter.join();
  std::thread closed([&] {
    EXPECT_FALSE(feed().Wait("things", *feed().Head("others"), absl::Seconds(60)) &&
                 feed().Wait("others", "", absl::Seconds(60)));
  });
  feed().Close();
  closed.join();
}

TEST_P(Feeds, NotifySubscribers) {
  std::atomic<int> notices = 0;
  Feed::Subscription subscription = feed().Subscribe("things", [&] { ++notices; });
  EmitAll({"a"});
  ASSERT_THAT(Emit("b", {"*"}, "others"), IsOk());
  while (notices == 0) std::this_thread::yield();
  EXPECT_EQ(notices, 1);
  subscription.reset();
  EmitAll({"c"});
  EXPECT_EQ(notices, 1);
}

TEST_P(Feeds, GoOnAfterReopening) {
  EmitAll({"a", "b"});
  const std::string cursor = Read("").next_cursor;
  database_.reset();
  database_ = OpenAgain();
  EXPECT_FALSE(feed().Wait("things", cursor, absl::ZeroDuration()));
  EmitAll({"c"});
  EXPECT_THAT(Keys(Read(cursor)), ElementsAre("c"));
}

// Many writers emit while a reader follows. Goal: the reader sees every event once, positions rise,
// and two events of one writer (whose second change starts after the first is durable) keep their
// order.
TEST_P(Feeds, MissNothingOfConcurrentWriters) {
  constexpr int kWriters = 6;
  constexpr int kEach = 40;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kEach; ++i) {
        EXPECT_THAT(
            database_
                ->Write([&](Transaction& transaction) {
                  const std::string key = std::to_string(w) + "/" + std::to_string(i);
                  transaction.Emit({.stream = "things", .key = key + "a", .audiences = {"*"}});
                  if (i % 4 == 0) return absl::AbortedError("undone");
                  transaction.Emit({.stream = "things", .key = key + "b", .audiences = {"andi"}});
                  return absl::OkStatus();
                })
                .ok(),
            i % 4 != 0);
      }
    });
  }
  constexpr size_t kExpected = kWriters * (kEach - kEach / 4) * 2;
  std::vector<Event> seen;
  std::string cursor;
  while (seen.size() < kExpected && feed().Wait("things", cursor, absl::Seconds(60))) {
    const FeedPage page = Read(cursor, "andi", 7);
    seen.insert(seen.end(), page.events.begin(), page.events.end());
    cursor = page.next_cursor;
  }
  for (std::thread& writer : writers) writer.join();
  ASSERT_EQ(seen.size(), kExpected);
  std::set<std::string> keys;
  std::map<std::string, int> last;
  int64_t position = 0;
  for (const Event& event : seen) {
    EXPECT_GT(event.position, position);
    position = event.position;
    EXPECT_TRUE(keys.insert(event.key).second) << event.key;
    const size_t slash = event.key.find('/');
    const int step = 2 * std::stoi(event.key.substr(slash + 1)) + (event.key.back() == 'b');
    int& before = last.try_emplace(event.key.substr(0, slash), -1).first->second;
    EXPECT_GT(step, before) << event.key;
    before = step;
  }
}

class PostgresFeeds : public Feeds {};
INSTANTIATE_TEST_SUITE_P(Only, PostgresFeeds, ::testing::Values(Backend::kPostgres), BackendName);

TEST_P(PostgresFeeds, PassNoEventThatCommitsLater) {
  // The first transaction takes its row number first and commits last.
  std::mutex mutex;
  mutex.lock();
  std::atomic<bool> inserted = false;
  std::thread slow([&] {
    EXPECT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
      TJ_TRY(transaction
                 .Execute("insert into store_feed_event (stream, type, key, audiences, "
                          "payload, occurred_at, recorded_at) values "
                          "('things', '', 'slow', '*', '', 0, 0)")
                 .status());
      inserted = true;
      std::lock_guard wait(mutex);
      return absl::OkStatus();
    }),
                IsOk());
  });
  while (!inserted) std::this_thread::yield();
  ASSERT_THAT(Emit("quick"), IsOk());
  ASSERT_EQ(ReadKeys(1).size(), 1u);
  const FeedPage page = Read("");
  EXPECT_THAT(Keys(page), ElementsAre("quick"));
  mutex.unlock();
  slow.join();
  ASSERT_TRUE(feed().Wait("things", page.next_cursor, absl::Seconds(20)));
  EXPECT_THAT(Keys(Read(page.next_cursor)), ElementsAre("slow"));
}

TEST_P(PostgresFeeds, ReachOtherProcesses) {
  const std::unique_ptr<Database> other = OpenAgain();
  const std::string head = *other->feed().Head("things");
  ASSERT_THAT(Emit("from the first"), IsOk());
  EXPECT_TRUE(other->feed().Wait("things", head, absl::Seconds(20)));
  ASSERT_THAT(other->Write([](Transaction& transaction) {
    transaction.Emit({.stream = "things", .key = "from the other"});
    return absl::OkStatus();
  }),
              IsOk());
  EXPECT_THAT(ReadKeys(2), ElementsAre("from the first", "from the other"));
}

TEST_P(PostgresFeeds, GoOnWhenTheSequencersProcessIsGone) {
  std::unique_ptr<Database> other = OpenAgain();
  EmitAll({"a"});
  database_.reset();  // It held the lease, and gives it back.
  database_ = std::move(other);
  EmitAll({"b"});
}

TEST_P(PostgresFeeds, WaitForALostSequencersLease) {
  // A process that died holding the lease: nothing is numbered until the lease has run out.
  ASSERT_THAT(database_->Write([](Transaction& transaction) {
    return transaction
        .Execute(
            "insert into store_lease (name, holder, fence, granted_at, expires_at) values "
            "('store.sequencer', 'dead', 1, :now, :until) on conflict (name) do update set "
            "holder = 'dead', fence = store_lease.fence + 1, granted_at = :now, "
            "expires_at = :until",
            transaction.Now(), transaction.Now() + absl::Seconds(10))
        .status();
  }),
              IsOk());
  ASSERT_THAT(Emit("a"), IsOk());
  EXPECT_FALSE(feed().Wait("things", "", absl::Milliseconds(100)));
  clock_.Advance(absl::Seconds(11));
  EXPECT_THAT(ReadKeys(1), ElementsAre("a"));
}

class SqliteFeeds : public Feeds {};
INSTANTIATE_TEST_SUITE_P(Only, SqliteFeeds, ::testing::Values(Backend::kSqlite), BackendName);

TEST_P(SqliteFeeds, ReadThroughIndexesOnly) {
  // The statements of feed.cc in short: neither may scan a table.
  for (const char* sql :
       {"select position, payload from store_feed_event where stream = 's' and position > 5 "
        "order by position limit 10",
        "select e.position, e.payload from (select position from (select position from "
        "store_feed_audience where stream = 's' and facility = 'f' and position > 5 order by "
        "position limit 10) own union all select position from (select position from "
        "store_feed_audience where stream = 's' and facility = '*' and position > 5 order by "
        "position limit 10) everybody) a join store_feed_event e on e.stream = 's' and e.position "
        "= a.position order by e.position limit 10"}) {
    ASSERT_THAT(database_->Read([&](Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(const std::vector<Row> plan,
                          session.Query(std::string("explain query plan ") + sql));
      for (const Row& step : plan) {
        EXPECT_THAT(step.Text(3), Not(HasSubstr("SCAN store_"))) << step.Text(3);
        EXPECT_THAT(step.Text(3), Not(Eq("SCAN e")));
      }
      return absl::OkStatus();
    }),
                IsOk());
  }
}

}  // namespace
}  // namespace tongjian::store
