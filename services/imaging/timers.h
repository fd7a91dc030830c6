// What happens by itself: quiet times end, news is caught up, orphans are swept.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/jump_watch.h"
#include "common/blob/store.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"

namespace tongjian::imaging {

// Ends quiet times and announces what coalescing held back. Not for concurrent use; what it is
// given must outlive it.
class QuietTimes {
 public:
  QuietTimes(store::Database& database, const base::Clock& clock, absl::Duration quiet_time)
      : database_(database), clock_(clock), quiet_time_(quiet_time), jumps_(clock) {}

  // One round: how many studies were written. When the clock has jumped since the last one, all
  // quiet times begin anew instead of firing.
  absl::StatusOr<int> RunOnce();

 private:
  static constexpr int64_t kRoundMax = 500;

  store::Database& database_;
  const base::Clock& clock_;
  const absl::Duration quiet_time_;
  base::JumpWatch jumps_;
};

// Removes objects that no row names and receipts of uploads that nobody will ask for any more.
absl::Status Sweep(store::Database& database, blob::Store& blobs, const base::Clock& clock,
                   absl::Duration orphan_age, absl::Duration upload_age);

// tongjian_imaging_studies_waiting by match: studies for which a person must decide, counted when
// it is shown. The handles must not outlive what they are given.
std::vector<telemetry::Registry::Watch> WatchWaiting(telemetry::Registry& metrics,
                                                     store::Database& database);

}  // namespace tongjian::imaging
