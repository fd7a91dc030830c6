#include "services/edge/pace.h"

#include <gtest/gtest.h>

namespace tongjian::edge {
namespace {

// Sends and acknowledges `chunks` at `rate` bytes a second.
Pace Measured(int64_t rate, int chunks) {
  Pace pace(true);
  absl::Duration now;
  int64_t end = 0;
  for (int i = 0; i < chunks; ++i) {
    const int64_t size = pace.chunk();
    end += size;
    pace.Sent("u", end, size, now);
    now += absl::Seconds(static_cast<double>(size) / static_cast<double>(rate));
    pace.Taken("u", end, now);
  }
  return pace;
}

TEST(Pace, ChunksAreSmallOnSlowLinks) {
  EXPECT_EQ(ChunkFor(0), 64 << 10);
  EXPECT_EQ(ChunkFor(250'000), 64 << 10);    // 2 Mbit/s.
  EXPECT_EQ(ChunkFor(8'000), 16 << 10);      // 64 kbit/s.
  EXPECT_EQ(ChunkFor(125'000'000), 1 << 20);  // 1 Gbit/s.
}

TEST(Pace, WindowIsAQuarterSecondOfTheMeasuredRate) {
  const Pace pace = Measured(2'000'000, 200);
  EXPECT_NEAR(static_cast<double>(pace.rate()), 2e6, 1e5);
  EXPECT_NEAR(static_cast<double>(pace.window()), 5e5, 3e4);
}

TEST(Pace, WindowIsOneChunkOnASlowLink) {
  Pace pace = Measured(250'000, 50);
  EXPECT_EQ(pace.window(), 64 << 10);
  pace.Sent("v", 64 << 10, 64 << 10, absl::Seconds(100));
  EXPECT_FALSE(pace.open());
  pace.Taken("v", 64 << 10, absl::Seconds(101));
  EXPECT_TRUE(pace.open());
  EXPECT_EQ(pace.unacknowledged(), 0);
}

TEST(Pace, AnUploadThatIsOverIsOnTheWayNoMore) {
  Pace pace(true);
  pace.Sent("a", 10, 10, absl::ZeroDuration());
  pace.Sent("b", 20, 20, absl::ZeroDuration());
  pace.Over("a", absl::Seconds(1));
  EXPECT_EQ(pace.unacknowledged(), 20);
}

TEST(Pace, ThePauseBetweenUploadsIsNoPartOfTheRate) {
  Pace pace = Measured(1'000'000, 100);
  pace.Sent("v", 100'000, 100'000, absl::Hours(1));
  pace.Taken("v", 100'000, absl::Hours(1) + absl::Milliseconds(100));
  EXPECT_GT(pace.rate(), 800'000);
}

TEST(Pause, GrowsFromAQuarterSecondToItsBoundHoweverLongTheHubIsAway) {
  EXPECT_EQ(PauseAfter(0), absl::Milliseconds(250));
  EXPECT_EQ(PauseAfter(3), absl::Seconds(2));
  EXPECT_EQ(ReopenAfter(3), absl::Seconds(2));
  for (const int64_t tries : {11, 100, 1'000'000}) {
    EXPECT_EQ(PauseAfter(tries), absl::Minutes(5));
    EXPECT_EQ(ReopenAfter(tries), absl::Seconds(15));
    EXPECT_LE(Jittered(PauseAfter(tries)), absl::Minutes(6));
  }
}

}  // namespace
}  // namespace tongjian::edge
