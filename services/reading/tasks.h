// What readers do with tasks: one transaction each.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/store/database.h"
#include "services/reading/changes.h"
#include "services/reading/task_store.h"

namespace tongjian::reading {

// Safe for concurrent use; `database` must outlive it.
class Tasks {
 public:
  Tasks(store::Database& database, absl::Duration claim_lease) : database_(database), claim_lease_(claim_lease) {}

  absl::StatusOr<Task> Get(const security::Scope& scope, const std::string& id) const;
  absl::StatusOr<std::vector<Task>> List(const security::Scope& scope, const TaskFilter& filter,
                                         const std::optional<TaskKey>& after, int64_t limit) const;

  // One of many wins: the others get CLAIMED_BY_OTHER.
  absl::StatusOr<Task> Claim(const Asked& asked, const std::string& id) const;
  absl::StatusOr<Task> Renew(const Asked& asked, const std::string& id, int64_t fence) const;
  absl::StatusOr<Task> GiveBack(const Asked& asked, const std::string& id, int64_t fence, const std::string& reason) const;
  absl::StatusOr<Task> Return(const Asked& asked, const std::string& id, int64_t fence, ReturnKind kind,
                              const std::string& reason) const;
  absl::StatusOr<Task> SetPriority(const Asked& asked, const std::string& id, Priority priority,
                                   const std::string& reason) const;

  // Gives back what nobody renewed: how many tasks. `limit` bounds one round.
  absl::StatusOr<int> Expire(absl::Time now, int64_t limit) const;
  // The clock has jumped: every claim holds for a whole lease from now.
  absl::Status Prolong(absl::Time now) const;

 private:
  using Change = std::function<absl::Status(Task&, absl::Time now)>;
  // Reads, changes, announces.
  absl::StatusOr<Task> ChangeOne(const Asked& asked, const std::string& id, const Change& change) const;

  store::Database& database_;
  const absl::Duration claim_lease_;
};

}  // namespace tongjian::reading
