// What happens by itself: claims run out, the queues are counted.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/jump_watch.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"
#include "services/reading/task_store.h"

namespace tongjian::reading {

class Tasks;

// Gives back claims that nobody renewed. Not for concurrent use; what it is given must outlive it.
class ClaimWatch {
 public:
  ClaimWatch(const Tasks& tasks, const base::Clock& clock) : tasks_(tasks), clock_(clock), jumps_(clock) {}

  // One round. When the clock has jumped since the last one, all claims begin anew instead of running out.
  absl::Status RunOnce();

 private:
  static constexpr int64_t kRoundMax = 500;

  const Tasks& tasks_;
  const base::Clock& clock_;
  base::JumpWatch jumps_;
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

}  // namespace tongjian::reading
