// The state table: every way in it, and that README.md shows the same.
#include "services/orders/state.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "common/base/status.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::orders {
namespace {

std::string Words(std::span<const Action> actions) {
  std::string text;
  for (const Action action : actions) {
    if (!text.empty()) text += ", ";
    text += Name(action);
  }
  return text.empty() ? "–" : text;
}

std::string FieldWords(uint32_t fields) {
  std::string text;
  for (uint32_t field = 1; field < kAllFields; field <<= 1) {
    if ((fields & field) == 0) continue;
    if (!text.empty()) text += ", ";
    text += FieldNames(field);
  }
  return text.empty() ? "–" : text;
}

std::string Table() {
  std::ostringstream out;
  out << "| state | may change | people may | news moves it by | news moves its state to go back "
         "to by |\n";
  out << "|---|---|---|---|---|\n";
  for (const StateRow& row : StateTable()) {
    out << "| " << Name(row.state) << " | " << FieldWords(row.fields) << " | " << Words(row.actions)
        << " | " << Words(row.news) << " | " << Words(row.later) << " |\n";
  }
  return out.str();
}

std::string ActionTable() {
  std::ostringstream out;
  out << "| action | leads to |\n|---|---|\n";
  for (int i = 0; i <= static_cast<int>(Action::kView); ++i) {
    const Target target = TargetOf(static_cast<Action>(i));
    out << "| " << Name(static_cast<Action>(i)) << " | "
        << (target.leads == Leads::kTo      ? Name(target.state)
            : target.leads == Leads::kStays ? "stays"
                                            : "goes on")
        << " |\n";
  }
  return out.str();
}

std::string Readme() {
  std::ifstream file(std::string(TONGJIAN_SOURCE) + "/services/orders/README.md");
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Order In(State state) {
  Order order;
  order.state = state;
  return order;
}

TEST(StateTable, IsTheOneInTheReadme) {
  EXPECT_NE(Readme().find(Table()), std::string::npos) << "README.md should hold:\n" << Table();
  EXPECT_NE(Readme().find(ActionTable()), std::string::npos) << "README.md should hold:\n"
                                                             << ActionTable();
}

TEST(StateTable, HasTheStatesOfTheContract) {
  for (const StateRow& row : StateTable()) {
    EXPECT_EQ(v1::OrderState_Name(static_cast<v1::OrderState>(row.state)),
              "ORDER_STATE_" + std::string(Name(row.state)));
  }
  EXPECT_EQ(v1::OrderState_descriptor()->value_count(), kStates + 1);
}

// Which states can be reached in one step, taking a waiting state's way back into account.
std::set<State> Next(State state) {
  std::set<State> next;
  for (int i = 0; i <= static_cast<int>(Action::kView); ++i) {
    const auto action = static_cast<Action>(i);
    Order order = In(state);
    if (Waiting(state)) order.resume_state = State::kQueued;
    if (Allows(state, action) && (Move(order, action).ok() || MoveByNews(order, action)))
      next.insert(order.state);
  }
  next.erase(state);
  return next;
}

TEST(StateTable, LeadsOnFromEveryStateButTheTwoEnds) {
  for (const StateRow& row : StateTable()) {
    EXPECT_EQ(Next(row.state).empty(), Terminal(row.state)) << Name(row.state);
  }
}

TEST(StateTable, LeadsFromEveryStateToAResultOrAnEnd) {
  for (const StateRow& row : StateTable()) {
    std::set<State> reached = {row.state};
    for (size_t before = 0; before != reached.size();) {
      before = reached.size();
      for (const State state : std::set<State>(reached)) reached.merge(Next(state));
    }
    EXPECT_TRUE(reached.count(State::kViewed) > 0 || Terminal(row.state)) << Name(row.state);
  }
}

TEST(StateTable, ReachesEveryState) {
  std::set<State> reached = {State::kDraft};
  for (size_t before = 0; before != reached.size();) {
    before = reached.size();
    for (const State state : std::set<State>(reached)) reached.merge(Next(state));
  }
  EXPECT_EQ(reached.size(), static_cast<size_t>(kStates));
}

TEST(Move, RefusesWhatTheTableLacksAndSaysWhatItAllows) {
  Order order = In(State::kSigned);
  const absl::Status status = Move(order, Action::kCancel);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(base::DetailOf(status).reason, "STATE_NOT_ALLOWED");
  EXPECT_NE(status.message().find("SIGNED"), std::string::npos);
  EXPECT_NE(status.message().find("pay"), std::string::npos);
  EXPECT_EQ(order.state, State::kSigned);
}

TEST(Move, GoesBackToWhereItWasAfterAQuestion) {
  Order order = In(State::kAcquired);
  ASSERT_TRUE(Move(order, Action::kReturn).ok());
  EXPECT_EQ(order.state, State::kReturnedForInformation);
  EXPECT_EQ(order.resume_state, State::kAcquired);
  ASSERT_TRUE(Move(order, Action::kAnswer).ok());
  EXPECT_EQ(order.state, State::kAcquired);
  EXPECT_EQ(order.resume_state, State::kNone);
}

TEST(Move, PutsAnInterruptedReadingBackIntoTheQueue) {
  Order order = In(State::kClaimed);
  ASSERT_TRUE(Move(order, Action::kHold).ok());
  ASSERT_TRUE(Move(order, Action::kRelease).ok());
  EXPECT_EQ(order.state, State::kQueued);
}

TEST(Move, KeepsTheFirstStateToGoBackToThroughSeveralWaits) {
  Order order = In(State::kQueued);
  ASSERT_TRUE(Move(order, Action::kDecline).ok());
  ASSERT_TRUE(Move(order, Action::kHold).ok());
  EXPECT_EQ(order.resume_state, State::kQueued);
  ASSERT_TRUE(Move(order, Action::kRedirect).ok());
  EXPECT_EQ(order.state, State::kQueued);
}

TEST(MoveByNews, NeverGoesBackwards) {
  Order order = In(State::kQueued);
  EXPECT_FALSE(MoveByNews(order, Action::kArchive));
  EXPECT_FALSE(MoveByNews(order, Action::kAcquire));
  EXPECT_EQ(order.state, State::kQueued);
  order.state = State::kReadPreliminary;
  EXPECT_FALSE(MoveByNews(order, Action::kQueue));
  EXPECT_FALSE(MoveByNews(order, Action::kClaim));
  order.state = State::kDelivered;
  EXPECT_FALSE(MoveByNews(order, Action::kSign));
}

TEST(MoveByNews, GoesBackByTheDocumentedWays) {
  Order order = In(State::kClaimed);
  EXPECT_TRUE(MoveByNews(order, Action::kQueue));  // The reader gave it back.
  EXPECT_EQ(order.state, State::kQueued);
  order.state = State::kViewed;
  EXPECT_TRUE(MoveByNews(order, Action::kAmend));
  EXPECT_EQ(order.state, State::kSigned);
  EXPECT_TRUE(MoveByNews(order, Action::kReopen));
  EXPECT_EQ(order.state, State::kQueued);
}

TEST(MoveByNews, MovesTheStateToGoBackToWhileAnOrderIsHeld) {
  Order order = In(State::kSubmitted);
  ASSERT_TRUE(Move(order, Action::kHold).ok());
  EXPECT_TRUE(MoveByNews(order, Action::kArchive));
  EXPECT_FALSE(MoveByNews(order, Action::kAcquire));
  EXPECT_EQ(order.state, State::kHeld);
  ASSERT_TRUE(Move(order, Action::kRelease).ok());
  EXPECT_EQ(order.state, State::kArchivedVerified);
}

TEST(MoveByNews, ChangesNothingOnceItEnded) {
  for (const State end : {State::kCancelled, State::kRecognized}) {
    for (int i = static_cast<int>(Action::kCollect); i <= static_cast<int>(Action::kView); ++i) {
      Order order = In(end);
      EXPECT_FALSE(MoveByNews(order, static_cast<Action>(i)));
    }
  }
}

TEST(Worklist, WaitsForPaymentUnlessThePatientCannot) {
  Order order = In(State::kSubmitted);
  const Item item = {.id = "1", .modality = "DX"};
  order.payment = Payment::kPending;
  EXPECT_FALSE(OnWorklist(order, item));
  order.payment = Payment::kDeferred;
  EXPECT_TRUE(OnWorklist(order, item));
  order.payment = Payment::kPending;
  for (const Priority priority : {Priority::kStat, Priority::kGreenChannel}) {
    order.priority = priority;
    EXPECT_TRUE(OnWorklist(order, item));
  }
}

TEST(Worklist, KeepsTheItemsOfAnOrderThatAreStillToBeRecorded) {
  Order order = In(State::kAcquired);
  EXPECT_TRUE(OnWorklist(order, {.id = "2", .modality = "CT"}));
  EXPECT_FALSE(OnWorklist(order, {.id = "1", .modality = "DX", .study_instance_uids = {"1.2"}}));
}

TEST(Desk, SeesWhatHasNoCenterIsHeldOrDeclined) {
  Order order = In(State::kSubmitted);
  EXPECT_TRUE(NeedsDesk(order));
  order.routing.center_id = "center";
  EXPECT_FALSE(NeedsDesk(order));
  order.state = State::kHeld;
  EXPECT_TRUE(NeedsDesk(order));
  order.state = State::kDeclined;
  EXPECT_TRUE(NeedsDesk(order));
  order.state = State::kCancelled;
  EXPECT_FALSE(NeedsDesk(order));
}

}  // namespace
}  // namespace tongjian::orders
