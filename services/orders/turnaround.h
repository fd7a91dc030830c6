// Deadlines: which target holds for an order, and when it is over by the working calendar.
#pragma once

#include "absl/time/time.h"
#include "services/orders/facts.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// The target under which `order` is submitted. Of several that fit an item the most specific holds:
// center, then body part, modality, facility level, patient class, priority; of several items the
// one that takes longest, since one report answers them all. `fallback` where none fits.
Turnaround ChooseTurnaround(const Order& order, const Facts& facts, const Turnaround& fallback);

// When `turnaround`, begun at `start`, is over. MINUTES by the clock; WORK_MINUTES within working
// hours; WORK_DAYS at the close of the n-th working day after the day of the start [design].
absl::Time DeadlineOf(const Turnaround& turnaround, absl::Time start, const CalendarFact& calendar,
                      absl::TimeZone zone);

// Monday to Friday, less holidays, plus make-up working days.
bool IsWorkday(absl::CivilDay day, const CalendarFact& calendar);

// Where the clock of a target starts with the exam, it starts now: start time and deadline are
// fixed from here on. Nothing happens when it runs already or starts with something else.
void StartClock(Order& order, TurnaroundStart start, absl::Time time, const Facts& facts);

}  // namespace tongjian::orders
