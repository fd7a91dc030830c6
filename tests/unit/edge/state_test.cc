// What needs attention, in words, and how far uploads are.
#include "services/edge/state.h"

#include <gmock/gmock.h>

namespace tongjian::edge {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'773'900'000);

// A gateway that is well.
GatewayState Well() {
  GatewayState state;
  state.hub_reachable = true;
  state.last_contact = kNow;
  state.spool.oldest = absl::InfiniteFuture();
  state.trail.oldest = absl::InfiniteFuture();
  state.numbers_left = 3000;
  state.certificate_expiry = kNow + absl::Hours(24 * 300);
  return state;
}

TEST(Alarms, AreNoneWhenAllIsWell) {
  EXPECT_THAT(AlarmsOf(Well(), kNow, 1000), ::testing::IsEmpty());
}

TEST(Alarms, SayLongBeforeThatTheCertificateEnds) {
  GatewayState state = Well();
  state.certificate_expiry = kNow + absl::Hours(24 * 31);
  EXPECT_THAT(AlarmsOf(state, kNow, 1000), ::testing::IsEmpty());
  state.certificate_expiry = kNow + absl::Hours(24 * 29);
  EXPECT_THAT(AlarmsOf(state, kNow, 1000),
              ::testing::ElementsAre("the gateway's certificate has 29 days left: renew it"));
}

TEST(Alarms, SayThatResultsCannotBeWritten) {
  GatewayState state = Well();
  state.drop_folder_fault = "results wait: the drop folder /his is not there";
  EXPECT_THAT(AlarmsOf(state, kNow, 1000), ::testing::ElementsAre(state.drop_folder_fault));
}

TEST(Alarms, AskTheDeviceForWhatIsDamagedHereAndBlameNoHub) {
  GatewayState state = Well();
  state.spool.damaged = 2;
  EXPECT_THAT(AlarmsOf(state, kNow, 1000),
              ::testing::ElementsAre(
                  "2 objects are damaged here: send it again from the device (see the spool)"));
}

TEST(Alarms, SayForAWeekThatTheHubWasRestored) {
  GatewayState state = Well();
  state.restore = HubRestore{.noticed = kNow - absl::Hours(24 * 6), .resent = 12, .finished = true};
  EXPECT_THAT(AlarmsOf(state, kNow, 1000),
              ::testing::ElementsAre(::testing::HasSubstr("12 orders and cancels")));
  state.restore->noticed = kNow - absl::Hours(24 * 8);
  EXPECT_THAT(AlarmsOf(state, kNow, 1000), ::testing::IsEmpty());
}

TEST(Progress, KeepsWhatTheHubHasOverABreak) {
  Progress progress;
  progress.Committed("a", 10);  // Nothing is known of it: it was over before.
  EXPECT_EQ(progress.Find("a").committed, 0);
  progress.Sending("a");
  progress.Sending("b");
  progress.Committed("a", 100);
  EXPECT_TRUE(progress.Find("a").sending);
  EXPECT_EQ(progress.Sum().sending, 2);
  progress.Paused("a");
  progress.Paused("b");
  EXPECT_FALSE(progress.Find("a").sending);
  EXPECT_EQ(progress.Find("a").committed, 100);
  EXPECT_EQ(progress.Sum().sending, 0);
  EXPECT_EQ(progress.Sum().committed, 100);
  progress.Over("a");
  EXPECT_EQ(progress.Sum().committed, 0);
}

}  // namespace
}  // namespace tongjian::edge
