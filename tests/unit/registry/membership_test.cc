#include "services/registry/membership.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "common/base/status.h"

namespace tongjian::registry {
namespace {

using State = MembershipState;

absl::Time Day(int day) { return absl::FromUnixSeconds(1'700'000'000) + absl::Hours(24 * day); }

// A history that went through these states, one a day.
MembershipHistory Of(std::initializer_list<State> states) {
  MembershipHistory history;
  int day = 0;
  for (const State state : states) history.push_back({state, Day(day++), "", ""});
  return history;
}

TEST(Membership, AllowsExactlyThePublishedSteps) {
  const State all[] = {State::kNone,   State::kApplied,   State::kAdmitted,
                       State::kActive, State::kSuspended, State::kExited};
  const std::pair<State, State> allowed[] = {
      {State::kNone, State::kApplied},     {State::kApplied, State::kAdmitted},
      {State::kAdmitted, State::kActive},  {State::kActive, State::kSuspended},
      {State::kSuspended, State::kActive}, {State::kApplied, State::kExited},
      {State::kAdmitted, State::kExited},  {State::kActive, State::kExited},
      {State::kSuspended, State::kExited}};
  for (const State from : all) {
    for (const State to : all) {
      const bool published = std::find(std::begin(allowed), std::end(allowed),
                                       std::pair(from, to)) != std::end(allowed);
      EXPECT_EQ(MayFollow(from, to), published) << Name(from) << " to " << Name(to);
    }
  }
}

TEST(Membership, IsReadAsOfTheTimeOfTheFact) {
  const auto history =
      Of({State::kApplied, State::kAdmitted, State::kActive, State::kSuspended, State::kActive});
  EXPECT_EQ(StateAt(history, Day(0) - absl::Microseconds(1)), State::kNone);
  EXPECT_EQ(StateAt(history, Day(0)), State::kApplied);
  EXPECT_EQ(StateAt(history, Day(2)), State::kActive);
  EXPECT_EQ(StateAt(history, Day(3) - absl::Microseconds(1)), State::kActive);
  EXPECT_EQ(StateAt(history, Day(3)), State::kSuspended);
  EXPECT_EQ(StateAt(history, Day(400)), State::kActive);
}

TEST(Membership, KeepsItsHistoryWhenItMoves) {
  const auto moved =
      Moved(Of({State::kApplied, State::kAdmitted}), {State::kActive, Day(5), "board", "ready"});
  ASSERT_TRUE(moved.ok());
  ASSERT_EQ(moved->size(), 3u);
  EXPECT_EQ(moved->back().approver, "board");
  EXPECT_EQ(StateAt(*moved, Day(4)), State::kAdmitted);
}

TEST(Membership, RefusesAStepThatIsNotPublished) {
  const auto refused = Moved(Of({State::kApplied}), {State::kActive, Day(5), "", ""});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(base::DetailOf(refused.status()).reason, "STATE_NOT_ALLOWED");
}

TEST(Membership, NeverRewritesItsHistory) {
  const auto history = Of({State::kApplied, State::kAdmitted});
  EXPECT_EQ(Moved(history, {State::kActive, Day(1), "", ""}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Moved(history, {State::kActive, Day(0), "", ""}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace tongjian::registry
