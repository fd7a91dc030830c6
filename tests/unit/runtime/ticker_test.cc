#include "common/runtime/ticker.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace tongjian::runtime {
namespace {

TEST(Ticker, GoesOnAfterAnErrorUntilItIsDestroyed) {
  std::atomic<int> rounds = 0;
  absl::Notification third;
  std::optional<Ticker> ticker;
  ticker.emplace("test", absl::Milliseconds(1), [&]() -> absl::Status {
    if (++rounds == 3) third.Notify();
    return absl::UnavailableError("not now");
  });
  EXPECT_TRUE(third.WaitForNotificationWithTimeout(absl::Seconds(30)));
  ticker.reset();
  const int done = rounds;
  absl::Notification never;
  never.WaitForNotificationWithTimeout(absl::Milliseconds(20));
  EXPECT_EQ(rounds, done);
}

TEST(Ticker, IsDestroyedWithoutWaitingForItsInterval) {
  const absl::Time begun = absl::Now();
  { const Ticker ticker("test", absl::Hours(1), [] { return absl::OkStatus(); }); }
  EXPECT_LT(absl::Now() - begun, absl::Minutes(1));
}

}  // namespace
}  // namespace tongjian::runtime
