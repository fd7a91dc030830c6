// Feeds as a caller sees them.
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/feed.h"
#include "tests/wire/feed/feed_rig.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class FeedServiceTest : public FeedRig {
 protected:
  static std::vector<std::string> Keys(const events::v1::PullFeedResponse& page) {
    std::vector<std::string> keys;
    for (const events::v1::Event& event : page.events()) keys.push_back(event.key());
    return keys;
  }
  size_t TrailSize() {
    return publisher_->feed().Read(store::kAuditStream, "", std::nullopt, 1000)->events.size();
  }
};

TEST_F(FeedServiceTest, GivesPagesInOrderWithACursorForEach) {
  for (const char* id : {"a", "b", "c"}) Publish(id, "name");
  const auto first = Pull("registry", AsService(), "", absl::ZeroDuration(), 2);
  ASSERT_THAT(first.status(), IsOk());
  EXPECT_THAT(Keys(*first), ElementsAre("a", "b"));
  EXPECT_TRUE(first->more());
  EXPECT_THAT(Keys(*Pull("registry", AsService(), first->next_cursor())), ElementsAre("c"));
  EXPECT_THAT(Keys(*Pull("registry", AsService(), first->events(0).cursor())),
              ElementsAre("b", "c"));
  EXPECT_EQ(TypeOf(first->events(0)), "tongjian.events.v1.FacilityChanged");
}

TEST_F(FeedServiceTest, GivesAHisOnlyWhatIsAddressedToItsFacility) {
  Publish("mine", "name", {"f1"});
  Publish("yours", "name", {"f2"});
  Publish("everybodys", "name", {std::string(store::kEverybody)});
  Publish("services", "name");
  EXPECT_THAT(Keys(*PullFor("registry", "f1")), ElementsAre("mine", "everybodys"));
  EXPECT_THAT(Keys(*Pull("registry", AsService())),
              ElementsAre("mine", "yours", "everybodys", "services"));
}

TEST_F(FeedServiceTest, RecordsWhatAHisWasShownAndNotWhatServicesMove) {
  Publish("mine", "name", {"f1"});
  ASSERT_THAT(Pull("registry", AsService()).status(), IsOk());
  EXPECT_EQ(TrailSize(), 0u);
  const auto page = PullFor("registry", "f1");
  ASSERT_THAT(page.status(), IsOk());
  EXPECT_EQ(TrailSize(), 1u);
  ASSERT_THAT(PullFor("registry", "f1", page->next_cursor()).status(),
              IsOk());  // Empty: nothing was seen.
  EXPECT_EQ(TrailSize(), 1u);
}

TEST_F(FeedServiceTest, KeepsAuditFeedsForServices) {
  EXPECT_EQ(PullFor("registry.audit", "f1").status().code(), absl::StatusCode::kPermissionDenied);
  const auto page = Pull("registry.audit", AsService());
  ASSERT_THAT(page.status(), IsOk());
  EXPECT_EQ(page->events_size(), 1);  // The refusal above.
}

TEST_F(FeedServiceTest, AnswersALongPollWhenNewsComes) {
  const auto start = Pull("registry", AsService());
  absl::StatusOr<events::v1::PullFeedResponse> page = absl::UnknownError("not called");
  std::thread puller(
      [&] { page = Pull("registry", AsService(), start->next_cursor(), absl::Seconds(20)); });
  Publish("a", "name");
  puller.join();
  ASSERT_THAT(page.status(), IsOk());
  EXPECT_THAT(Keys(*page), ElementsAre("a"));
}

TEST_F(FeedServiceTest, AnswersALongPollEmptyWhenItsTimeIsOver) {
  const auto page = Pull("registry", AsService(), "", absl::Milliseconds(50));
  ASSERT_THAT(page.status(), IsOk());
  EXPECT_THAT(Keys(*page), IsEmpty());
  EXPECT_NE(page->next_cursor(), "");
}

TEST_F(FeedServiceTest, HoldsManyLongPollsWithoutAThreadEach) {
  constexpr int kPolls = 100;
  const auto start = Pull("registry", AsService());
  std::vector<std::thread> pullers;
  std::atomic<int> woken{0};
  for (int i = 0; i < kPolls; ++i) {
    pullers.emplace_back([&] {
      const auto page = Pull("registry", AsService(), start->next_cursor(), absl::Seconds(25));
      if (page.ok() && page->events_size() == 1) ++woken;
    });
  }
  Publish("a", "name");  // Those that come later find it at once.
  for (std::thread& puller : pullers) puller.join();
  EXPECT_EQ(woken, kPolls);
}

TEST_F(FeedServiceTest, RefusesAnUnknownFeedAndABadRequest) {
  EXPECT_EQ(Pull("nonsense", AsService()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(Pull("registry", AsService(), "", absl::Minutes(5)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Pull("registry", AsService(), "", absl::ZeroDuration(), -1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Pull("registry", AsService(), "no cursor").status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Pull("registry", rpc::OutgoingIdentity::Machine()).status().code(),
            absl::StatusCode::kUnauthenticated);
}

TEST_F(FeedServiceTest, KeepsAPageWithinAMessage) {
  for (int i = 0; i < 5; ++i) Publish(absl::StrCat("large", i), std::string(1 << 20, 'x'));
  const auto first = Pull("registry", AsService());
  ASSERT_THAT(first.status(), IsOk());
  EXPECT_LT(first->events_size(), 5);
  EXPECT_TRUE(first->more());
  std::vector<std::string> keys;
  std::string cursor;
  for (bool more = true; more;) {
    const auto page = Pull("registry", AsService(), cursor);
    ASSERT_THAT(page.status(), IsOk());
    for (const std::string& key : Keys(*page)) keys.push_back(key);
    cursor = page->next_cursor();
    more = page->more();
  }
  EXPECT_THAT(keys, ElementsAre("large0", "large1", "large2", "large3", "large4"));
}

TEST_F(FeedServiceTest, StreamsWhatIsThereAndWhatComes) {
  Publish("a", "name");
  rpc::ClientCall call(AsService(), {.timeout = absl::Seconds(30)});
  events::v1::WatchFeedRequest request;
  request.set_feed("registry");
  const auto stub = events::v1::FeedService::NewStub(host_->InProcessChannel());
  const auto reader = stub->WatchFeed(call.context(), request);
  events::v1::PullFeedResponse page;
  ASSERT_TRUE(reader->Read(&page));
  EXPECT_THAT(Keys(page), ElementsAre("a"));
  Publish("b", "name");
  ASSERT_TRUE(reader->Read(&page));
  EXPECT_THAT(Keys(page), ElementsAre("b"));
  feeds_->Close();
  EXPECT_FALSE(reader->Read(&page));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(FeedServiceTest, LetsACancelledStreamGo) {
  rpc::ClientCall call(AsService(), {.timeout = absl::Seconds(30)});
  events::v1::WatchFeedRequest request;
  request.set_feed("registry");
  const auto stub = events::v1::FeedService::NewStub(host_->InProcessChannel());
  const auto reader = stub->WatchFeed(call.context(), request);
  call.context()->TryCancel();
  events::v1::PullFeedResponse page;
  EXPECT_FALSE(reader->Read(&page));
  EXPECT_EQ(reader->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

}  // namespace
}  // namespace tongjian::feed
