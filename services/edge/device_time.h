// What a device's own clock said, and whether it can be believed. Pure functions.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace tongjian::dicom {
struct Header;
}

namespace tongjian::edge {

// When a device's clock is not believed, and in which zone it is read.
struct ClockRules {
  absl::Duration ahead_max = absl::Hours(24);
  absl::Time earliest = absl::FromUnixSeconds(946684800);  // 2000-01-01.
  absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);     // Where an object names none.
};

// The latest moment that the object names (content, acquisition, series, study), by the device's
// clock; nothing where it names none. PS3.3 C.7.2.1, C.7.3.1, C.7.6.1, time zone C.12.1.1.
std::optional<absl::Time> DeviceTimeOf(const dicom::Header& header, const ClockRules& rules);

// True where the device's time cannot be: too far ahead of the receipt, or before `rules.earliest`.
bool Implausible(std::optional<absl::Time> device_time, absl::Time receipt,
                 const ClockRules& rules);

}  // namespace tongjian::edge
