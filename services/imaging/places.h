// Facilities and devices as imaging needs them, in memory.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/imaging/serving.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

struct Device {
  std::string id;
  std::string facility_id;
  std::string ae_title;
  std::string address;  // Numeric; a host name cannot be compared and counts as none.
  int64_t port = 0;
  std::string charset;
  bool active = false;
};

// A copy of the registry's, filled by its feed. Safe for concurrent use.
class Places {
 public:
  void SetFacility(std::string_view id, std::string_view parent_id);
  void SetDevice(const Device& device);

  // Whether `facility_id` is `above_id` or lies below it.
  bool Within(std::string_view facility_id, std::string_view above_id) const;
  // The facility and those above it, nearest first.
  std::vector<std::string> Ancestry(std::string_view facility_id) const;
  // One is the other, or lies below it: a village and its township.
  bool SameFamily(std::string_view a, std::string_view b) const;

  std::optional<Device> FindDevice(std::string_view id) const;
  // Which centers read for which facilities.
  Serving& serving() { return serving_; }
  // The facilities that read, by a center of theirs or by agreement, what this study's facility
  // records; sorted.
  std::vector<std::string> ReadersOf(const Study& study, absl::Time now) const;
  // The active device that calls itself `ae_title` from `address`, of one facility when
  // `facility_id` is given. A device registered with that very address comes before those without
  // an address; nothing when several would fit.
  std::optional<Device> Recognize(std::string_view ae_title, std::string_view address,
                                  std::string_view facility_id) const;
  // The facility's active device with this AE title that accepts objects.
  std::optional<Device> Destination(std::string_view ae_title, std::string_view facility_id) const;

 private:
  Serving serving_;
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> parents_;
  std::map<std::string, Device, std::less<>> devices_;
  std::multimap<std::string, std::string, std::less<>> by_title_;
};

}  // namespace tongjian::imaging
