#include "services/registry/days.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "common/base/status.h"

namespace tongjian::registry {
namespace {

constexpr int kChinaOffsetSeconds = 8 * 3600;

bool Digits(std::string_view text, int* value) {
  for (char c : text) {
    if (c < '0' || c > '9') return false;
  }
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), value);
}

}  // namespace

bool IsDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  int year, month, day;
  if (!Digits(text.substr(0, 4), &year) || !Digits(text.substr(5, 2), &month) ||
      !Digits(text.substr(8), &day)) {
    return false;
  }
  if (year < 1850 || year > 2200) return false;
  // A civil day that does not exist is normalized to another one.
  const absl::CivilDay civil(year, month, day);
  return civil.year() == year && civil.month() == month && civil.day() == day;
}

std::string DayOf(absl::Time time) {
  return absl::FormatTime("%Y-%m-%d", time, absl::FixedTimeZone(kChinaOffsetSeconds));
}

bool Covers(std::string_view from, std::string_view to, std::string_view day) {
  return (from.empty() || from <= day) && (to.empty() || day <= to);
}

absl::Status CheckSpan(std::string_view from, std::string_view to, std::string_view field) {
  if ((!from.empty() && !IsDay(from)) || (!to.empty() && !IsDay(to))) {
    return base::InvalidField(field, "a day is written YYYY-MM-DD");
  }
  if (!from.empty() && !to.empty() && to < from) {
    return base::InvalidField(field, "the last day is before the first");
  }
  return absl::OkStatus();
}

}  // namespace tongjian::registry
