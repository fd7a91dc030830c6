#include "common/base/id.h"

#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tongjian::base {
namespace {

class IdsTest : public testing::Test {
 protected:
  ManualClock clock_{absl::FromUnixMillis(1700000000000)};
  Ids ids_{"jinhua", clock_};
};

TEST_F(IdsTest, NameTheirAuthorityBeforeAUlid) {
  EXPECT_THAT(ids_.New(), testing::MatchesRegex("jinhua-[0-9abcdefghjkmnpqrstvwxyz]{26}"));
  EXPECT_EQ(ids_.authority(), "jinhua");
}

TEST_F(IdsTest, HoldTheMillisecondInTheirFirstTenCharacters) {
  EXPECT_EQ(ids_.New().substr(7, 10), "01hf7yat00");  // 1700000000000 in Crockford's base 32.
}

TEST_F(IdsTest, RiseWithinAMillisecondAndAcrossMilliseconds) {
  std::string last = ids_.New();
  for (int i = 0; i < 2000; ++i) {
    if (i % 7 == 0) clock_.Advance(absl::Milliseconds(1));
    const std::string next = ids_.New();
    ASSERT_LT(last, next);
    last = next;
  }
}

TEST_F(IdsTest, RiseWhenTheClockStepsBack) {
  const std::string before = ids_.New();
  clock_.JumpTo(absl::FromUnixMillis(1600000000000));
  EXPECT_LT(before, ids_.New());
}

TEST_F(IdsTest, AreDifferentForEveryThread) {
  std::mutex mutex;
  std::set<std::string> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        std::string id = ids_.New();
        std::lock_guard lock(mutex);
        all.insert(std::move(id));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(all.size(), 2000u);
}

TEST(Authority, IsShortAndPlain) {
  for (const char* good : {"a", "jinhua", "330700", "abcdefghijkl"})
    EXPECT_TRUE(CheckAuthority(good).ok()) << good;
  for (const char* bad : {"", "Jinhua", "jin-hua", "jin hua", "金华", "abcdefghijklm", "../etc"}) {
    EXPECT_EQ(CheckAuthority(bad).code(), absl::StatusCode::kInvalidArgument) << bad;
  }
}

TEST(RandomHex, HasTwoDigitsAByteAndDoesNotRepeat) {
  EXPECT_THAT(RandomHex(16), testing::MatchesRegex("[0-9a-f]{32}"));
  EXPECT_NE(RandomHex(16), RandomHex(16));
}

}  // namespace
}  // namespace tongjian::base
