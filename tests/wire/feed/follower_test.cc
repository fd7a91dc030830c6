// A follower's effects: exactly once, in the order of keys, across restarts.
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/feed/mirror.h"
#include "common/store/feed.h"
#include "tests/wire/feed/feed_rig.h"

namespace tongjian::feed {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FollowerTest : public FeedRig {
 protected:
  int64_t Parked() { return CountRows("select count(*) from store_parked"); }
};

TEST_F(FollowerTest, AppliesEachEventOnceAcrossRestarts) {
  Publish("a", "A");
  EXPECT_EQ(*NewFollower()->RunOnce(), 1);
  Publish("b", "B");
  OpenFollowersDatabase();
  auto follower = NewFollower();
  EXPECT_EQ(*follower->RunOnce(), 1);
  EXPECT_EQ(*follower->RunOnce(), 0);
  EXPECT_THAT(Seen(), ElementsAre("a=A*1", "b=B*1"));
  EXPECT_THAT(told_, ElementsAre("a", "b"));
}

TEST_F(FollowerTest, UndoesEffectAndCursorTogetherWhenTheHandlerCannotYet) {
  Publish("a", "A");
  Publish("b", "B");
  passing_fault_ = absl::UnavailableError("the disk is busy");
  auto follower = NewFollower();
  EXPECT_EQ(follower->RunOnce().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Seen(), IsEmpty());
  EXPECT_EQ(Parked(), 0);
  passing_fault_ = absl::OkStatus();
  EXPECT_EQ(*follower->RunOnce(), 2);
  EXPECT_THAT(Seen(), ElementsAre("a=A*1", "b=B*1"));
}

TEST_F(FollowerTest, KeepsWhatWasAppliedOfALongPageAndLetsOthersWriteBetween) {
  for (const char* id : {"a", "b", "c"}) Publish(id, id);
  bool away = true;
  std::vector<std::string> tried;
  const auto slow = [&](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    tried.push_back(event.key());
    const absl::Duration began = clock_.Elapsed();
    while (clock_.Elapsed() - began < absl::Milliseconds(20)) std::this_thread::yield();
    if (away && event.key() == "c") return absl::UnavailableError("not now");
    return Apply(tx, event);
  };
  Follower follower({.feed = "registry"}, Channel(), AsService(), *follower_database_, metrics_,
                    slow);
  EXPECT_EQ(follower.RunOnce().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Seen(), ElementsAre("a=a*1", "b=b*1"));
  away = false;
  EXPECT_EQ(*follower.RunOnce(), 1);
  EXPECT_THAT(Seen(), ElementsAre("a=a*1", "b=b*1", "c=c*1"));
  EXPECT_THAT(tried, ElementsAre("a", "b", "c", "c"));
}

TEST_F(FollowerTest, ReadsItsCursorAgainWhenAnotherHasMovedIt) {
  Publish("a", "A");
  auto one = NewFollower();
  auto other = NewFollower();
  ASSERT_THAT(one->CatchUp(), IsOk());
  ASSERT_THAT(other->CatchUp(), IsOk());
  Publish("b", "B");
  ASSERT_THAT(one->CatchUp(), IsOk());
  EXPECT_EQ(other->RunOnce().status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(*other->RunOnce(), 0);
  Publish("c", "C");
  EXPECT_EQ(*other->RunOnce(), 1);
  EXPECT_THAT(Seen(), ElementsAre("a=A*1", "b=B*1", "c=C*1"));
}

TEST_F(FollowerTest, ParksWhatRefersToTheUnknownUntilItComes) {
  Publish("child", "under:parent");
  Publish("other", "O");
  auto follower = NewFollower();
  EXPECT_EQ(*follower->RunOnce(), 1);
  EXPECT_THAT(Seen(), ElementsAre("other=O*1"));  // The parked one's own writing was undone.
  EXPECT_EQ(Parked(), 1);
  OpenFollowersDatabase();
  follower = NewFollower();
  EXPECT_EQ(*follower->RunOnce(), 0);
  Publish("parent", "P");
  EXPECT_EQ(*follower->RunOnce(), 2);
  EXPECT_THAT(Seen(), ElementsAre("child=under:parent*1", "other=O*1", "parent=P*1"));
  EXPECT_EQ(Parked(), 0);
}

TEST_F(FollowerTest, TriesAgainSoonWhatAnotherFeedMakesKnown) {
  auto follower = NewFollower();
  follower->Start();
  Publish("child", "under:parent");
  const auto soon = [](const std::function<bool()>& holds) {
    const absl::Time limit = absl::Now() + absl::Seconds(10);  // A long poll takes 25.
    while (!holds() && absl::Now() < limit) std::this_thread::yield();
    return holds();
  };
  EXPECT_TRUE(soon([&] { return Parked() == 1; }));
  const absl::Status written = follower_database_->Write([](store::Transaction& tx) {
    return tx.Execute("insert into seen (id, name, times) values ('parent', 'P', 1)").status();
  });
  ASSERT_THAT(written, IsOk());
  EXPECT_TRUE(soon([&] { return Parked() == 0; }));
  follower->Stop();
  EXPECT_THAT(Seen(), ElementsAre("child=under:parent*1", "parent=P*1"));
}

TEST_F(FollowerTest, KeepsTheOrderOfAKeyThatIsParked) {
  Publish("child", "under:parent");
  Publish("child", "Second");  // Must not overtake the first and then be overwritten by it.
  auto follower = NewFollower();
  EXPECT_EQ(*follower->RunOnce(), 0);
  EXPECT_EQ(Parked(), 2);
  Publish("parent", "P");
  EXPECT_EQ(*follower->RunOnce(), 3);
  EXPECT_THAT(Seen(), ElementsAre("child=Second*2", "parent=P*1"));
}

TEST_F(FollowerTest, AppliesTheHeadOfAParkedKeyWhileItsTailWaits) {
  Publish("child", "under:p1");
  Publish("child", "under:p2");
  auto follower = NewFollower();
  ASSERT_THAT(follower->CatchUp(), IsOk());
  EXPECT_EQ(Parked(), 2);
  Publish("p1", "P1");
  ASSERT_THAT(follower->CatchUp(), IsOk());
  EXPECT_EQ(Parked(), 1);
  EXPECT_THAT(Seen(), ElementsAre("child=under:p1*1", "p1=P1*1"));
}

TEST_F(FollowerTest, ParksWhatItWillNeverUnderstandAndGoesOn) {
  poison_ = "bad";
  Publish("a", "A");
  Publish("bad", "B");
  Publish("c", "C");
  EXPECT_EQ(*NewFollower()->RunOnce(), 2);
  EXPECT_THAT(Seen(), ElementsAre("a=A*1", "c=C*1"));
  EXPECT_EQ(Parked(), 1);
  EXPECT_THAT(
      metrics_.Expose(),
      HasSubstr("tongjian_feed_parked{feed=\"registry\",follower=\"reading\",purpose=\"\"} 1"));
}

TEST_F(FollowerTest, StartsAnewWhenTheFeedWasRestored) {
  Publish("a", "A");
  auto follower = NewFollower();
  ASSERT_THAT(follower->CatchUp(), IsOk());
  ASSERT_THAT(publisher_->StartNewEpoch(), IsOk());
  Publish("b", "B");
  ASSERT_THAT(follower->CatchUp(), IsOk());
  EXPECT_THAT(Seen(), ElementsAre("a=A*2", "b=B*1"));  // Again, and idempotent by key.
}

TEST_F(FollowerTest, WaitsForAFeedThatIsAwayAndFollowsWhenItComes) {
  away_ = true;
  auto follower = NewFollower({.feed = "registry", .back_off_first = absl::Milliseconds(5)});
  EXPECT_EQ(follower->RunOnce().status().code(), absl::StatusCode::kUnavailable);
  away_ = false;
  follower->Start();
  Publish("a", "A");
  const absl::Time limit = absl::Now() + absl::Seconds(20);
  while (Seen().empty() && absl::Now() < limit) std::this_thread::yield();
  follower->Stop();  // Cuts the long poll short.
  EXPECT_THAT(Seen(), ElementsAre("a=A*1"));
}

TEST_F(FollowerTest, TwoOnOneCursorApplyAnEventOnce) {
  Publish("a", "A");
  auto one = NewFollower();
  auto other = NewFollower();
  ASSERT_THAT(one->CatchUp(), IsOk());
  ASSERT_THAT(other->CatchUp(), IsOk());
  EXPECT_THAT(Seen(), ElementsAre("a=A*1"));
}

TEST_F(FollowerTest, SeveralPurposesHaveCursorsOfTheirOwn) {
  Publish("a", "A");
  ASSERT_THAT(NewFollower()->CatchUp(), IsOk());
  ASSERT_THAT(NewFollower({.feed = "registry", .purpose = "again"})->CatchUp(), IsOk());
  EXPECT_THAT(Seen(), ElementsAre("a=A*2"));
}

class MirrorTest : public FeedRig {
 protected:
  std::unique_ptr<Mirror> Open(std::vector<std::string> types = {"FacilityChanged"}) {
    auto mirror = Mirror::Open({.feed = "registry"}, std::move(types), Channel(), AsService(),
                               *follower_database_, metrics_);
    EXPECT_TRUE(mirror.ok()) << mirror.status();
    return *std::move(mirror);
  }
  static std::string NameOf(const Mirror& mirror, const std::string& id) {
    const auto found = mirror.Find<events::v1::FacilityChanged>(id);
    return found == nullptr ? "" : found->facility().name();
  }
};

TEST_F(MirrorTest, HoldsTheLatestOfEachKey) {
  Publish("a", "A");
  Publish("b", "B");
  Publish("a", "A2");
  auto mirror = Open();
  ASSERT_THAT(mirror->CatchUp(), IsOk());
  EXPECT_EQ(NameOf(*mirror, "a"), "A2");
  EXPECT_EQ(NameOf(*mirror, "c"), "");
  EXPECT_EQ(mirror->size(), 2u);
  std::vector<std::string> names;
  mirror->ForEach<events::v1::FacilityChanged>(
      [&](const std::string&, const events::v1::FacilityChanged& changed) {
        names.push_back(changed.facility().name());
        return true;
      });
  EXPECT_THAT(names, ElementsAre("A2", "B"));
}

TEST_F(MirrorTest, AnswersAfterARestartWhileTheFeedIsAway) {
  Publish("a", "A");
  ASSERT_THAT(Open()->CatchUp(), IsOk());
  away_ = true;
  OpenFollowersDatabase();
  auto mirror = Open();
  EXPECT_EQ(NameOf(*mirror, "a"), "A");
}

TEST_F(MirrorTest, ReadsAgainFromTheBeginningWhenItIsToKeepMoreTypes) {
  Publish("a", "A");
  const absl::Status written = publisher_->Write([](store::Transaction& tx) {
    tx.Emit(MakeEvent("registry", "d1", {}, events::v1::DeviceChanged()));
    return absl::OkStatus();
  });
  ASSERT_THAT(written, IsOk());
  ASSERT_THAT(Open()->CatchUp(), IsOk());
  OpenFollowersDatabase();
  auto mirror = Open({"FacilityChanged", "DeviceChanged"});
  ASSERT_THAT(mirror->CatchUp(), IsOk());
  EXPECT_NE(mirror->Find<events::v1::DeviceChanged>("d1"), nullptr);
  EXPECT_EQ(NameOf(*mirror, "a"), "A");
}

TEST_F(MirrorTest, PassesOverTypesItWasNotAskedToKeep) {
  const absl::Status written = publisher_->Write([](store::Transaction& tx) {
    tx.Emit(MakeEvent("registry", "d1", {}, events::v1::DeviceChanged()));
    return absl::OkStatus();
  });
  ASSERT_THAT(written, IsOk());
  auto mirror = Open();
  ASSERT_THAT(mirror->CatchUp(), IsOk());
  EXPECT_EQ(mirror->size(), 0u);
}

}  // namespace
}  // namespace tongjian::feed
