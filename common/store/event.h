// One entry of a feed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::store {

// The audience of an event that every subscriber may read.
inline constexpr std::string_view kEverybody = "*";
// The stream that Transaction::Audit writes.
inline constexpr std::string_view kAuditStream = "audit";

// What happened to the thing named `key`, as a full snapshot in `payload` (any bytes). `audiences`
// are facility ids or kEverybody; an event with none is seen only by readers that name no facility.
// `position` is set when read.
struct Event {
  std::string stream;
  std::string type;
  std::string key;
  std::vector<std::string> audiences;
  std::string payload;
  absl::Time time;
  int64_t position = 0;
};

}  // namespace tongjian::store
