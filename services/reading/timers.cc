#include "services/reading/timers.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/reading/tasks.h"

namespace tongjian::reading {

absl::Status ClaimWatch::RunOnce() {
  if (jumps_.Jumped()) {
    telemetry::Log(telemetry::Level::kError, "clock_jumped", {{"effect", "claims begin anew"}});
    return tasks_.Prolong(clock_.Now());
  }
  TJ_ASSIGN_OR_RETURN(const int expired, tasks_.Expire(clock_.Now(), kRoundMax));
  if (expired > 0) telemetry::Log(telemetry::Level::kInfo, "claims_expired", {{"tasks", expired}});
  return absl::OkStatus();
}

absl::Status QueueGauges::RunOnce() {
  const absl::Time now = clock_.Now();
  std::map<std::string, Queue> queues;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(queues, CountQueues(session, now));
    return absl::OkStatus();
  }));
  for (const auto& [center, queue] : last_) queues.try_emplace(center);
  for (const auto& [center, queue] : queues) {
    const telemetry::Labels labels = {{"center", center}};
    const bool any = queue.queued > 0;
    metrics_.GetGauge("tongjian_reading_tasks_queued", "Tasks that can be taken", labels)
        .Set(static_cast<double>(queue.queued));
    metrics_.GetGauge("tongjian_reading_tasks_overdue", "Of those, past their deadline", labels)
        .Set(static_cast<double>(queue.overdue));
    metrics_.GetGauge("tongjian_reading_tasks_oldest_seconds", "Age of the oldest of those", labels)
        .Set(any ? absl::ToDoubleSeconds(now - queue.oldest) : 0);
  }
  last_ = std::move(queues);
  return absl::OkStatus();
}

}  // namespace tongjian::reading
