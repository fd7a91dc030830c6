#include "services/orders/turnaround.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace tongjian::orders {
namespace {

// A calendar without a working day in this many days is broken: the deadline is then taken by the
// clock.
constexpr int kDaysMax = 3660;
constexpr int kMinutesADay = 24 * 60;

std::string DayText(absl::CivilDay day) { return absl::FormatCivilTime(day); }

// How a target's priority fits: its own best, STAT for a green channel next, every priority last;
// nothing else.
std::optional<int> PriorityFit(Priority target, Priority order) {
  if (target == order) return 2;
  if (target == Priority::kStat && order == Priority::kGreenChannel) return 1;
  if (target == Priority::kNone) return 0;
  return {};
}

// 1 where the target names it and it is equal, 0 where it leaves it open.
template <typename T>
std::optional<int> Fit(const T& target, const T& order, const T& open) {
  if (target == open) return 0;
  if (target == order) return 1;
  return {};
}

using Specificity = std::array<int, 6>;

std::optional<Specificity> Fits(const TargetFact& target, const Order& order, const Item& item,
                                int level) {
  if (target.discipline != order.discipline || target.target <= 0) return {};
  const std::string open;
  const auto center = Fit(target.center_id, order.routing.center_id, open);
  const auto body_part = Fit(target.body_part, item.body_part, open);
  const auto modality = Fit(target.modality, item.modality, open);
  const auto facility_level = Fit(target.facility_level, level, 0);
  const auto patient_class = Fit(target.patient_class, order.patient_class, PatientClass::kNone);
  const auto priority = PriorityFit(target.priority, order.priority);
  if (!center || !body_part || !modality || !facility_level || !patient_class || !priority)
    return {};
  return Specificity{*center, *body_part, *modality, *facility_level, *patient_class, *priority};
}

Turnaround Of(const TargetFact& target) {
  return {
      .target = target.target, .unit = target.unit, .start = target.start, .source = target.source};
}

// A rough common measure, to find the longest of several.
int64_t RoughMinutes(const Turnaround& turnaround, const CalendarFact& calendar) {
  const int64_t working_day = std::max(1, calendar.close_minute - calendar.open_minute);
  switch (turnaround.unit) {
    case TurnaroundUnit::kWorkDays:
      return int64_t{turnaround.target} * kMinutesADay;
    case TurnaroundUnit::kWorkMinutes:
      return turnaround.target * kMinutesADay / working_day;
    default:
      return turnaround.target;
  }
}

absl::Time At(absl::CivilDay day, int minute, absl::TimeZone zone) {
  return absl::FromCivil(absl::CivilMinute(day) + minute, zone);
}

absl::Time AfterWorkDays(int days, absl::Time start, const CalendarFact& calendar,
                         absl::TimeZone zone) {
  absl::CivilDay day = absl::ToCivilDay(start, zone);
  for (int walked = 0; walked < kDaysMax; ++walked) {
    ++day;
    if (IsWorkday(day, calendar) && --days <= 0) return At(day, calendar.close_minute, zone);
  }
  return start + absl::Hours(24) * days;
}

absl::Time AfterWorkMinutes(int minutes, absl::Time start, const CalendarFact& calendar,
                            absl::TimeZone zone) {
  absl::Duration left = absl::Minutes(minutes);
  absl::CivilDay day = absl::ToCivilDay(start, zone);
  for (int walked = 0; walked < kDaysMax; ++walked, ++day) {
    if (!IsWorkday(day, calendar)) continue;
    const absl::Time from = std::max(start, At(day, calendar.open_minute, zone));
    const absl::Duration today = At(day, calendar.close_minute, zone) - from;
    if (today <= absl::ZeroDuration()) continue;
    if (left <= today) return from + left;
    left -= today;
  }
  return start + absl::Minutes(minutes);
}

}  // namespace

bool IsWorkday(absl::CivilDay day, const CalendarFact& calendar) {
  const std::string text = DayText(day);
  if (calendar.workdays.count(text) > 0) return true;
  if (calendar.holidays.count(text) > 0) return false;
  const absl::Weekday weekday = absl::GetWeekday(day);
  return weekday != absl::Weekday::saturday && weekday != absl::Weekday::sunday;
}

absl::Time DeadlineOf(const Turnaround& turnaround, absl::Time start, const CalendarFact& calendar,
                      absl::TimeZone zone) {
  if (turnaround.unit == TurnaroundUnit::kWorkDays)
    return AfterWorkDays(turnaround.target, start, calendar, zone);
  if (turnaround.unit == TurnaroundUnit::kWorkMinutes) {
    return AfterWorkMinutes(turnaround.target, start, calendar, zone);
  }
  return start + absl::Minutes(turnaround.target);
}

Turnaround ChooseTurnaround(const Order& order, const Facts& facts, const Turnaround& fallback) {
  const auto recording = facts.facilities.find(RecordingFacility(order));
  const int level = recording == facts.facilities.end() ? 0 : recording->second.level;
  std::optional<Turnaround> longest;
  for (const Item& item : order.items) {
    std::optional<Specificity> best;
    Turnaround chosen = fallback;
    for (const TargetFact& target : facts.targets) {
      const std::optional<Specificity> fit = Fits(target, order, item, level);
      if (!fit || (best && *fit <= *best)) continue;
      best = fit;
      chosen = Of(target);
    }
    if (!longest || RoughMinutes(chosen, facts.calendar) > RoughMinutes(*longest, facts.calendar))
      longest = chosen;
  }
  return longest.value_or(fallback);
}

void StartClock(Order& order, TurnaroundStart start, absl::Time time, const Facts& facts) {
  if (order.turnaround.start != start || Stated(order.turnaround.start_time) ||
      order.turnaround.target <= 0)
    return;
  order.turnaround.start_time = time;
  order.deadline = DeadlineOf(order.turnaround, time, facts.calendar, facts.zone);
}

}  // namespace tongjian::orders
