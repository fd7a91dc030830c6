// What happens by itself: quiet times end, news is caught up, orphans are swept.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/blob/store.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"

namespace tongjian::imaging {

// Ends quiet times and announces what coalescing held back. Not for concurrent use; what it is
// given must outlive it.
class QuietTimes {
 public:
  QuietTimes(store::Database& database, const base::Clock& clock, absl::Duration quiet_time)
      : database_(database), clock_(clock), quiet_time_(quiet_time) {}

  // One round: how many studies were written. When wall clock and elapsed time have drifted apart
  // by more than kJumpMax since the last round, all quiet times begin anew instead of firing.
  absl::StatusOr<int> RunOnce();

 private:
  static constexpr absl::Duration kJumpMax = absl::Minutes(5);
  static constexpr int64_t kRoundMax = 500;
  bool Jumped();

  store::Database& database_;
  const base::Clock& clock_;
  const absl::Duration quiet_time_;
  std::optional<absl::Time> last_now_;
  absl::Duration last_elapsed_;
};

// Removes objects that no row names and receipts of uploads that nobody will ask for any more.
absl::Status Sweep(store::Database& database, blob::Store& blobs, const base::Clock& clock,
                   absl::Duration orphan_age, absl::Duration upload_age);

// tongjian_imaging_studies_waiting by match: studies for which a person must decide, counted when
// it is shown. The handles must not outlive what they are given.
std::vector<telemetry::Registry::Watch> WatchWaiting(telemetry::Registry& metrics,
                                                     store::Database& database);

// A thread that calls `round` every `interval` of real time, first after one; an error is logged
// and tried again.
class Ticker {
 public:
  Ticker(std::string_view name, absl::Duration interval, std::function<absl::Status()> round);
  ~Ticker();  // Waits for a running round.

 private:
  void Run();

  const std::string name_;
  const absl::Duration interval_;
  const std::function<absl::Status()> round_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace tongjian::imaging
