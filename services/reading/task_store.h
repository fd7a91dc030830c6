// Tasks in SQL. Every query takes a scope; a task outside it is not found.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/reading/facts.h"
#include "services/reading/task.h"

namespace tongjian::reading {

// A task is its requesting facility's and its center's.
bool Reaches(const security::Scope& scope, const Task& task);

// NOT_FOUND outside the scope.
absl::StatusOr<Task> FindTask(store::Session& session, const security::Scope& scope, const std::string& id);
// The order's task that is not cancelled; else a cancelled one; else nothing.
absl::StatusOr<std::optional<Task>> TaskOfOrder(store::Session& session, const security::Scope& scope,
                                                const std::string& order_id);
absl::StatusOr<std::vector<Task>> TasksWithWords(store::Session& session, const security::Scope& scope,
                                                 const Patient& words, const std::string& after_id, int64_t limit);
absl::Status PutTask(store::Transaction& tx, const Task& task);

struct TaskFilter {
  std::vector<TaskState> states;  // Not empty.
  std::string center_id;
  std::string modality;
  std::string claimed_by;
  std::string order_id;
  int64_t deadline_before = 0;  // Microseconds; 0 for all.
};
// The first `limit` behind `after`, in the worklist's order. An empty id in `after` is the beginning.
absl::StatusOr<std::vector<Task>> ListTasks(store::Session& session, const security::Scope& scope,
                                            const TaskFilter& filter, const std::optional<TaskKey>& after, int64_t limit);

// Ids of tasks whose claim has run out by `now`.
absl::StatusOr<std::vector<std::string>> ExpiredClaims(store::Session& session, absl::Time now, int64_t limit);
// All claims hold until `until` at least: the clock has jumped.
absl::Status ProlongClaims(store::Transaction& tx, absl::Time until);

// The queue of one center, for metrics.
struct Queue {
  int64_t queued = 0;
  int64_t overdue = 0;
  absl::Time oldest = absl::InfiniteFuture();
};
absl::StatusOr<std::map<std::string, Queue>> CountQueues(store::Session& session, absl::Time now);

}  // namespace tongjian::reading
