// What a gateway forgets of its own streams, and what not.
#include "services/edge/trim.h"

#include "common/store/event.h"
#include "common/store/feed.h"
#include "services/edge/result_store.h"
#include "services/edge/trail_store.h"
#include "tests/unit/edge/records.h"

namespace tongjian::edge {
namespace {

class TrimTest : public RecordsTest {
 protected:
  void Add(std::string_view stream, const std::string& key) {
    Write([&](store::Transaction& tx) {
      store::Event event;
      event.stream = std::string(stream);
      event.type = "record";
      event.key = key;
      event.payload = key;
      tx.Emit(std::move(event));
      return absl::OkStatus();
    });
  }

  store::FeedPage Kept(std::string_view stream) {
    const auto page = database_->feed().Read(stream, "", std::nullopt, 1000);
    EXPECT_TRUE(page.ok()) << page.status();
    return *page;
  }
};

TEST_F(TrimTest, OfTheTrailOnlyWhatTheHubHasTakenAndIsOld) {
  Add(store::kAuditStream, "a");
  Add(store::kAuditStream, "b");
  const std::string taken = Kept(store::kAuditStream).next_cursor;
  clock_.Advance(absl::Seconds(1));
  Add(store::kAuditStream, "c");
  clock_.Advance(absl::Hours(24 * 200));
  const absl::Time before = clock_.Now() - absl::Hours(24 * 180);
  // The hub has not been seen since: nothing may go.
  ASSERT_TRUE(TrimTrail(*database_, before).ok());
  EXPECT_EQ(Kept(store::kAuditStream).events.size(), 3u);

  audit::v1::AppendRecordsResponse answer;
  Write([&](store::Transaction& tx) { return SaveTrailAnswer(tx, taken, answer, clock_.Now()); });
  ASSERT_TRUE(TrimTrail(*database_, before - absl::Hours(24 * 30)).ok());
  EXPECT_EQ(Kept(store::kAuditStream).events.size(), 3u);  // Not old yet.
  ASSERT_TRUE(TrimTrail(*database_, before).ok());
  const store::FeedPage kept = Kept(store::kAuditStream);
  ASSERT_EQ(kept.events.size(), 1u);
  EXPECT_EQ(kept.events[0].key, "c");
  EXPECT_TRUE(database_->feed().Read(store::kAuditStream, taken, std::nullopt, 10).ok());
}

TEST_F(TrimTest, OfTheResultsWhatIsOld) {
  for (int i = 0; i < 1001; ++i) Add(kResultStream, std::to_string(i));
  clock_.Advance(absl::Hours(1));
  Add(kResultStream, "new");
  ASSERT_TRUE(TrimStream(*database_, kResultStream, clock_.Now()).ok());
  const store::FeedPage kept = Kept(kResultStream);
  ASSERT_EQ(kept.events.size(), 1u);
  EXPECT_EQ(kept.events[0].key, "new");
}

}  // namespace
}  // namespace tongjian::edge
