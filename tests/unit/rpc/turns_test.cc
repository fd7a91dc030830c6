// A free place goes to the facility that has least; one that asks too much waits for itself.
#include "common/rpc/turns.h"

#include <gtest/gtest.h>

#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/clock.h"
#include "common/base/status.h"

namespace tongjian::rpc {
namespace {

// Callers on threads of their own, each added once the one before has a place or waits.
class Callers {
 public:
  explicit Callers(Turns& turns) : turns_(turns) {}
  ~Callers() {
    for (std::thread& thread : threads_) thread.join();
  }

  // `work`: what it does once it runs.
  void Add(
      const std::string& facility, std::function<void()> work = [] {}) {
    const int64_t before = turns_.waiting();
    threads_.emplace_back([this, facility, work = std::move(work)] {
      const auto turn = turns_.Take(facility, absl::InfiniteFuture());
      EXPECT_TRUE(turn.ok());
      {
        const std::lock_guard lock(mutex_);
        served_.push_back(facility);
      }
      work();
    });
    while (turns_.waiting() == before) std::this_thread::yield();
  }

  std::vector<std::string> Served() {
    // A list: a caller may add another while the first are waited for.
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return served_;
  }

 private:
  Turns& turns_;
  std::mutex mutex_;
  std::vector<std::string> served_;
  std::list<std::thread> threads_;
};

TEST(Turns, GoRoundTheFacilitiesThatWait) {
  Turns turns({.running_max = 1, .running_per_facility_max = 1});
  auto first = *turns.Take("busy", absl::InfiniteFuture());
  Callers callers(turns);
  for (int i = 0; i < 4; ++i) callers.Add("busy");
  callers.Add("b");
  callers.Add("c");
  callers.Add("b");
  first.reset();
  EXPECT_EQ(callers.Served(),
            (std::vector<std::string>{"b", "c", "busy", "b", "busy", "busy", "busy"}));
  EXPECT_EQ(turns.running(), 0);
}

TEST(Turns, GoToTheFacilityWithTheFewestRunning) {
  Turns turns({.running_max = 3, .running_per_facility_max = 3});
  auto busy = *turns.Take("busy", absl::InfiniteFuture());
  auto slow = *turns.Take("slow", absl::InfiniteFuture());
  auto slower = *turns.Take("slow", absl::InfiniteFuture());
  Callers callers(turns);
  callers.Add("slow");
  callers.Add("busy");
  busy.reset();  // Nobody runs for it now, while slow has two: the later caller goes first.
  EXPECT_EQ(callers.Served().front(), "busy");
}

TEST(Turns, ComeToEverybodyHoweverOftenOthersComeAgain) {
  Turns turns({.running_max = 1, .running_per_facility_max = 1});
  auto first = *turns.Take("m", absl::InfiniteFuture());
  Callers callers(turns);
  callers.Add("a");
  callers.Add("b", [&] {  // Runs until a has come again.
    callers.Add("a");
  });
  callers.Add("z");
  first.reset();
  EXPECT_EQ(callers.Served(), (std::vector<std::string>{"a", "b", "z", "a"}));
}

TEST(Turns, LeaveAPlaceForOthersHoweverMuchOneAsks) {
  Turns turns({.running_max = 2, .running_per_facility_max = 1});
  auto busy = *turns.Take("busy", absl::InfiniteFuture());
  EXPECT_EQ(turns.Take("busy", absl::InfinitePast()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(turns.Take("other", absl::InfinitePast()).ok());
}

TEST(Turns, RefuseAFacilityWhoseOwnLineIsFull) {
  Turns turns({.running_max = 2, .running_per_facility_max = 1, .waiting_per_facility_max = 1});
  auto busy = *turns.Take("busy", absl::InfiniteFuture());
  Callers callers(turns);
  callers.Add("busy");
  const absl::Status refused = turns.Take("busy", absl::InfiniteFuture()).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(base::DetailOf(refused).reason, "OVERLOADED");
  EXPECT_TRUE(turns.Take("other", absl::InfiniteFuture()).ok());
  busy.reset();
}

TEST(Turns, GiveUpAtTheDeadlineAndGoOn) {
  Turns turns({.running_max = 1, .running_per_facility_max = 1});
  auto busy = *turns.Take("busy", absl::InfiniteFuture());
  EXPECT_FALSE(turns.Take("late", absl::Now() + absl::Milliseconds(1)).ok());
  EXPECT_EQ(turns.waiting(), 0);
  busy.reset();
  EXPECT_TRUE(turns.Take("late", absl::InfiniteFuture()).ok());
}

TEST(Turns, AreForAllWhereThereIsNoLimit) {
  Turns turns({.running_max = 0});
  std::vector<std::unique_ptr<Turn>> taken;
  for (int i = 0; i < 100; ++i) taken.push_back(*turns.Take("busy", absl::InfinitePast()));
  EXPECT_EQ(turns.running(), 0);
}

}  // namespace
}  // namespace tongjian::rpc
