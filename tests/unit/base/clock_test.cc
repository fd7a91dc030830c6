#include "common/base/clock.h"

#include "gtest/gtest.h"

namespace tongjian::base {
namespace {

TEST(ManualClock, MovesBothClocksOnWhenAdvanced) {
  ManualClock clock(absl::FromUnixSeconds(100));
  const absl::Duration elapsed = clock.Elapsed();
  clock.Advance(absl::Seconds(5));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(105));
  EXPECT_EQ(clock.Elapsed() - elapsed, absl::Seconds(5));
}

TEST(ManualClock, LeavesElapsedTimeAloneWhenItJumps) {
  ManualClock clock(absl::FromUnixSeconds(100));
  const absl::Duration elapsed = clock.Elapsed();
  clock.JumpTo(absl::FromUnixSeconds(50));
  EXPECT_EQ(clock.Now(), absl::FromUnixSeconds(50));
  EXPECT_EQ(clock.Elapsed(), elapsed);
}

TEST(ManualClockDeathTest, NeverGoesBackwards) {
  ManualClock clock(absl::UnixEpoch());
  EXPECT_DEATH(clock.Advance(absl::Seconds(-1)), "check failed");
}

TEST(SystemClock, NeverGoesBackwards) {
  SystemClock clock;
  absl::Duration last = clock.Elapsed();
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration now = clock.Elapsed();
    ASSERT_LE(last, now);
    last = now;
  }
  EXPECT_GT(clock.Now(), absl::FromUnixSeconds(1700000000));
}

}  // namespace
}  // namespace tongjian::base
