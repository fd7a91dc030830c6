#include "common/base/jump_watch.h"

#include <gtest/gtest.h>

namespace tongjian::base {
namespace {

constexpr absl::Duration kYear = absl::Hours(24 * 365);

class JumpWatchTest : public ::testing::Test {
 protected:
  bool Calm() { return watch_.CalmFor(absl::Hours(6)); }
  ManualClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  JumpWatch watch_{clock_};
};

TEST_F(JumpWatchTest, IsCalmOnceTheBeginningIsLongAgo) {
  EXPECT_FALSE(Calm());
  clock_.Advance(absl::Hours(6));
  EXPECT_TRUE(Calm());
  clock_.Advance(absl::Hours(24));
  EXPECT_TRUE(Calm());
}

TEST_F(JumpWatchTest, NoticesJumpsOfYearsBothWays) {
  clock_.Advance(absl::Hours(6));
  for (const absl::Duration by : {10 * kYear, -10 * kYear}) {
    ASSERT_TRUE(Calm());
    clock_.JumpTo(clock_.Now() + by);
    EXPECT_FALSE(Calm());
    clock_.Advance(absl::Hours(5));
    EXPECT_FALSE(Calm());
    clock_.Advance(absl::Hours(1));
  }
  EXPECT_TRUE(Calm());
}

TEST_F(JumpWatchTest, TakesSteeringForNoJump) {
  clock_.Advance(absl::Hours(6));
  for (int i = 0; i < 100; ++i) {
    clock_.JumpTo(clock_.Now() + absl::Seconds(30));
    EXPECT_TRUE(Calm());
  }
}

}  // namespace
}  // namespace tongjian::base
