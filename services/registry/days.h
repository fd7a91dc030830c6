// Days as the registry writes them: YYYY-MM-DD in the hub's local time.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::registry {

// Whether `text` is a day of the Gregorian calendar between 1850 and 2200, written YYYY-MM-DD.
bool IsDay(std::string_view text);

// The day at `time` in China Standard Time (UTC+8 all year, the whole country).
std::string DayOf(absl::Time time);

// Whether `day` lies in [from, to]; an empty bound is open.
bool Covers(std::string_view from, std::string_view to, std::string_view day);

// INVALID_ARGUMENT on `field` unless both are days or empty and in order.
absl::Status CheckSpan(std::string_view from, std::string_view to, std::string_view field);

}  // namespace tongjian::registry
