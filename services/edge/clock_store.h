// How far devices' clocks are off, as far as their objects show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"

namespace tongjian::edge {

struct DeviceClock {
  std::string ae_title;
  std::string address;
  int64_t offset_ms = 0;  // Device minus ours.
  bool implausible = false;
  absl::Time last_seen;
};

// Notes that a device sent something and answers the offset measured so far, in milliseconds. A
// device names moments before it sends, so each difference to the receipt is at most the true
// offset: the largest of the last one to two days is the measurement, 0 where there is none. A
// `device_time` more than a day ago says nothing; one that is implausible is noted as such.
absl::StatusOr<int64_t> NoteDevice(store::Transaction& tx, const std::string& ae_title,
                                   const std::string& address, const std::string& facility_id,
                                   std::optional<absl::Time> device_time, bool implausible);

// The devices seen last, newest first, at most `limit`.
absl::StatusOr<std::vector<DeviceClock>> ListDevices(store::Session& session, int64_t limit);

}  // namespace tongjian::edge
