#include "common/store/consumer.h"

#include "common/base/status.h"
#include "tests/unit/store/store_fixture.h"

namespace tongjian::store {
namespace {

class Consumers : public StoreTest {
 protected:
  std::string Cursor() {
    std::string cursor = "unread";
    EXPECT_THAT(database_->Read([&](Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(cursor, LoadCursor(session, "orders"));
      return absl::OkStatus();
    }),
                IsOk());
    return cursor;
  }
  absl::Status ParkOne(const std::string& reference, const std::string& key) {
    return database_->Write([&](Transaction& transaction) {
      return Park(transaction, "orders", reference,
                  {.stream = "orders",
                   .type = "t",
                   .key = key,
                   .audiences = {"andi"},
                   .payload = std::string("\0", 1),
                   .time = absl::FromUnixSeconds(1),
                   .position = 4});
    });
  }
  std::vector<Event> Take(const std::string& reference, int64_t limit) {
    std::vector<Event> events;
    EXPECT_THAT(database_->Write([&](Transaction& transaction) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(events, TakeParked(transaction, "orders", reference, limit));
      return absl::OkStatus();
    }),
                IsOk());
    return events;
  }
  ParkedStats Stats() {
    ParkedStats stats;
    EXPECT_THAT(database_->Read([&](Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(stats, CountParked(session, "orders"));
      return absl::OkStatus();
    }),
                IsOk());
    return stats;
  }
};
TJ_ON_BOTH_BACKENDS(Consumers);

TEST_P(Consumers, KeepTheirCursorWithTheEffect) {
  EXPECT_EQ(Cursor(), "");
  const auto consume = [&](const std::string& cursor, absl::Status result) {
    return database_->Write([&](Transaction& transaction) -> absl::Status {
      TJ_TRY(transaction.Execute("insert into thing (id) values (:id)", cursor).status());
      TJ_TRY(SaveCursor(transaction, "orders", cursor));
      return result;
    });
  };
  ASSERT_THAT(consume("c1", absl::OkStatus()), IsOk());
  ASSERT_FALSE(consume("c2", absl::AbortedError("no")).ok());
  EXPECT_EQ(Cursor(), "c1");
  EXPECT_EQ(Count("select count(*) from thing"), 1);
  ASSERT_THAT(consume("c2", absl::OkStatus()), IsOk());
  EXPECT_EQ(Cursor(), "c2");
}

TEST_P(Consumers, ParkWhatTheyCannotUseYet) {
  ASSERT_THAT(ParkOne("patient-1", "a"), IsOk());
  clock_.Advance(absl::Minutes(1));
  ASSERT_THAT(ParkOne("patient-1", "b"), IsOk());
  ASSERT_THAT(ParkOne("patient-2", "c"), IsOk());
  EXPECT_EQ(Stats().count, 3);
  EXPECT_EQ(Stats().oldest, clock_.Now() - absl::Minutes(1));
  EXPECT_TRUE(Take("patient-3", 10).empty());
  std::vector<Event> taken = Take("patient-1", 1);
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].key, "a");
  EXPECT_EQ(taken[0].payload, std::string("\0", 1));
  EXPECT_EQ(taken[0].position, 4);
  EXPECT_EQ(Take("patient-1", 10).at(0).key, "b");
  EXPECT_EQ(Stats().count, 1);
  EXPECT_EQ(Take("patient-2", 10).size(), 1u);
  EXPECT_EQ(Stats().count, 0);
  EXPECT_EQ(Stats().oldest, absl::InfiniteFuture());
}

TEST_P(Consumers, KeepTheirCursorWhenTheyPark) {
  ASSERT_THAT(database_->Write(
                  [](Transaction& transaction) { return SaveCursor(transaction, "orders", "c1"); }),
              IsOk());
  ASSERT_THAT(ParkOne("patient-1", "a"), IsOk());
  EXPECT_EQ(Cursor(), "c1");
  ASSERT_THAT(database_->Write(
                  [](Transaction& transaction) { return SaveCursor(transaction, "orders", "c2"); }),
              IsOk());
  EXPECT_EQ(Stats().count, 1);
}

TEST_P(Consumers, ParkNoMoreThanTheLimit) {
  ASSERT_THAT(ParkOne("patient-1", "a"), IsOk());
  ASSERT_THAT(database_->Write([](Transaction& transaction) {
    return transaction
        .Execute("update store_consumer set parked = :max where feed = 'orders'", kParkedMax)
        .status();
  }),
              IsOk());
  EXPECT_THAT(ParkOne("patient-1", "b"), HasCode(absl::StatusCode::kResourceExhausted));
}

}  // namespace
}  // namespace tongjian::store
