// What happens by itself: claims run out, the queues are counted.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"
#include "services/reading/task_store.h"

namespace tongjian::reading {

class Tasks;

// Gives back claims that nobody renewed. Not for concurrent use; what it is given must outlive it.
class ClaimWatch {
 public:
  ClaimWatch(const Tasks& tasks, const base::Clock& clock) : tasks_(tasks), clock_(clock) {}

  // One round. When wall clock and elapsed time have drifted apart by more than kJumpMax since the last one, all claims begin
  // anew instead of running out.
  absl::Status RunOnce();

 private:
  static constexpr absl::Duration kJumpMax = absl::Minutes(5);
  static constexpr int64_t kRoundMax = 500;
  bool Jumped();

  const Tasks& tasks_;
  const base::Clock& clock_;
  std::optional<absl::Time> last_now_;
  absl::Duration last_elapsed_;
};

// tongjian_reading_tasks_queued, _overdue and _oldest_seconds by center. The same rules.
class QueueGauges {
 public:
  QueueGauges(store::Database& database, const base::Clock& clock, telemetry::Registry& metrics)
      : database_(database), clock_(clock), metrics_(metrics) {}
  absl::Status RunOnce();

 private:
  store::Database& database_;
  const base::Clock& clock_;
  telemetry::Registry& metrics_;
  std::map<std::string, Queue> last_;
};

// A thread that calls `round` every `interval` of real time; an error is logged and tried again.
class Ticker {
 public:
  Ticker(std::string name, absl::Duration interval, std::function<absl::Status()> round);
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

}  // namespace tongjian::reading
