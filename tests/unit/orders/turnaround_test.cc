// Deadlines over nights, weekends and the National Day holiday of 2026 (1 to 7 October; Saturday
// the 10th is worked).
#include "services/orders/turnaround.h"

#include <gtest/gtest.h>

#include "tests/unit/orders/sample_facts.h"

namespace tongjian::orders {
namespace {

absl::Time Deadline(TurnaroundUnit unit, int target, absl::Time start) {
  const Facts facts = SampleFacts();
  return DeadlineOf({.target = target, .unit = unit}, start, facts.calendar, facts.zone);
}

TEST(Deadlines, OfMinutesGoByTheClock) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kMinutes, 90, At(2026, 10, 1, 23, 0)), At(2026, 10, 2, 0, 30));
}

TEST(Deadlines, OfWorkMinutesStayWithinADay) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkMinutes, 240, At(2026, 11, 24, 9, 0)),
            At(2026, 11, 24, 13, 0));
}

TEST(Deadlines, OfWorkMinutesBeginWithTheWorkingDay) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkMinutes, 60, At(2026, 11, 24, 5, 0)),
            At(2026, 11, 24, 9, 0));
}

TEST(Deadlines, OfWorkMinutesGoOnAfterTheWeekend) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkMinutes, 240, At(2026, 11, 27, 16, 0)),
            At(2026, 11, 30, 11, 0));
}

TEST(Deadlines, OfWorkMinutesGoOnAfterTheHoliday) {
  // Wednesday 30 September 16:30, half an hour left; the next working day is Thursday 8 October.
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkMinutes, 60, At(2026, 9, 30, 16, 30)),
            At(2026, 10, 8, 8, 30));
}

TEST(Deadlines, OfWorkMinutesCountAMakeUpSaturday) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkMinutes, 60, At(2026, 10, 9, 16, 30)),
            At(2026, 10, 10, 8, 30));
}

TEST(Deadlines, OfWorkMinutesMayEndAtClosingTime) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkMinutes, 60, At(2026, 11, 24, 16, 0)),
            At(2026, 11, 24, 17, 0));
}

TEST(Deadlines, OfWorkDaysEndAtTheCloseOfTheLast) {
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkDays, 2, At(2026, 11, 24, 10, 0)),
            At(2026, 11, 26, 17, 0));
  EXPECT_EQ(Deadline(TurnaroundUnit::kWorkDays, 5, At(2026, 9, 29, 10, 0)),
            At(2026, 10, 12, 17, 0));
}

TEST(Deadlines, OfABrokenCalendarStillEnd) {
  CalendarFact calendar;
  calendar.open_minute = calendar.close_minute = 480;
  const absl::Time start = At(2026, 11, 24, 9, 0);
  EXPECT_EQ(DeadlineOf({.target = 60, .unit = TurnaroundUnit::kWorkMinutes}, start, calendar,
                       SampleFacts().zone),
            start + absl::Hours(1));
}

TEST(Targets, OfSeveralTheMostSpecificHolds) {
  Facts facts = SampleFacts();
  const auto imaging = [](int target) {
    return TargetFact{.discipline = Discipline::kImaging, .target = target};
  };
  facts.targets = {imaging(240)};
  Order order = ChestOrder();
  order.routing.center_id = "county-imaging";
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 240);
  facts.targets.push_back(imaging(100));
  facts.targets.back().priority = Priority::kRoutine;
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 100);
  facts.targets.push_back(imaging(120));
  facts.targets.back().modality = "DX";
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 120);
  facts.targets.push_back(imaging(60));
  facts.targets.back().modality = "DX";
  facts.targets.back().facility_level = 4;
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 60);
  facts.targets.push_back(imaging(45));
  facts.targets.back().center_id = "county-imaging";
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 45);
  facts.targets.push_back(imaging(1));
  facts.targets.back().center_id = "another";
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 45);
}

TEST(Targets, OfEmergenciesHoldForTheGreenChannel) {
  Facts facts = SampleFacts();
  facts.targets = {
      {.discipline = Discipline::kImaging, .priority = Priority::kStat, .target = 30},
      {.discipline = Discipline::kImaging, .priority = Priority::kRoutine, .target = 120}};
  Order order = ChestOrder();
  order.priority = Priority::kGreenChannel;
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 30);
  order.priority = Priority::kUrgent;
  EXPECT_EQ(ChooseTurnaround(order, facts, {.target = 7}).target, 7);
}

TEST(Targets, OfSeveralItemsTheLongestHolds) {
  Facts facts = SampleFacts();
  facts.targets = {{.discipline = Discipline::kImaging, .modality = "DX", .target = 120},
                   {.discipline = Discipline::kImaging,
                    .modality = "CT",
                    .target = 240,
                    .unit = TurnaroundUnit::kWorkMinutes}};
  Order order = ChestOrder();
  order.items.push_back({.id = "2", .modality = "CT"});
  EXPECT_EQ(ChooseTurnaround(order, facts, {}).target, 240);
}

TEST(Clock, StartsOnceWithTheExam) {
  const Facts facts = SampleFacts();
  Order order = ChestOrder();
  order.turnaround = {.target = 60, .start = TurnaroundStart::kAcquired};
  const absl::Time exam = At(2026, 11, 24, 9, 0);
  StartClock(order, TurnaroundStart::kReceived, exam, facts);
  EXPECT_FALSE(Stated(order.turnaround.start_time));
  StartClock(order, TurnaroundStart::kAcquired, exam, facts);
  EXPECT_EQ(order.deadline, exam + absl::Hours(1));
  StartClock(order, TurnaroundStart::kAcquired, exam + absl::Hours(5), facts);
  EXPECT_EQ(order.deadline, exam + absl::Hours(1));
}

}  // namespace
}  // namespace tongjian::orders
