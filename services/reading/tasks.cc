#include "services/reading/tasks.h"

#include "services/reading/journal.h"

namespace tongjian::reading {

absl::StatusOr<Task> Tasks::Get(const security::Scope& scope, const std::string& id) const {
  Task task;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(task, FindTask(session, scope, id));
    return absl::OkStatus();
  }));
  return task;
}

absl::StatusOr<std::vector<Task>> Tasks::List(const security::Scope& scope, const TaskFilter& filter,
                                              const std::optional<TaskKey>& after, int64_t limit) const {
  std::vector<Task> tasks;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(tasks, ListTasks(session, scope, filter, after, limit));
    return absl::OkStatus();
  }));
  return tasks;
}

absl::StatusOr<Task> Tasks::ChangeOne(const Asked& asked, const std::string& id, const Change& change) const {
  TJ_ASSIGN_OR_RETURN(const std::string changed,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Task task, FindTask(tx, asked.scope, id));
                        Touch(asked.trail, task);
                        const Task before = task;
                        TJ_TRY(change(task, tx.Now()));
                        TJ_TRY(Announce(tx, before, task));
                        return task.id;
                      }));
  return Get(asked.scope, changed);
}

absl::StatusOr<Task> Tasks::Claim(const Asked& asked, const std::string& id) const {
  TJ_TRY(CheckReader(asked.reader));
  return ChangeOne(asked, id, [&](Task& task, absl::Time now) {
    return reading::Claim(task, asked.reader, now, claim_lease_);
  });
}

absl::StatusOr<Task> Tasks::Renew(const Asked& asked, const std::string& id, int64_t fence) const {
  TJ_TRY(CheckReader(asked.reader));
  TJ_ASSIGN_OR_RETURN(const std::string renewed,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Task task, FindTask(tx, asked.scope, id));
                        Touch(asked.trail, task);
                        TJ_TRY(CheckClaim(task, asked.reader, fence, tx.Now()));
                        task.claim_expire_time = tx.Now() + claim_lease_;
                        TJ_TRY(KeepQuiet(tx, task));
                        return task.id;
                      }));
  return Get(asked.scope, renewed);
}

absl::StatusOr<Task> Tasks::GiveBack(const Asked& asked, const std::string& id, int64_t fence,
                                     const std::string& reason) const {
  return ChangeOne(asked, id, [&](Task& task, absl::Time now) -> absl::Status {
    TJ_TRY(CheckClaim(task, asked.reader, fence, now));
    TJ_TRY(reading::GiveBack(task));
    if (!reason.empty()) task.note = reason;
    return absl::OkStatus();
  });
}

absl::StatusOr<Task> Tasks::Return(const Asked& asked, const std::string& id, int64_t fence, ReturnKind kind,
                                   const std::string& reason) const {
  if (reason.empty()) {
    return base::Error(absl::StatusCode::kInvalidArgument, "REASON_REQUIRED", "reason", "a return needs a reason");
  }
  if (reason.size() > 4000) return base::InvalidField("reason", "longer than 4000 bytes");
  return ChangeOne(asked, id, [&](Task& task, absl::Time now) -> absl::Status {
    TJ_TRY(CheckClaim(task, asked.reader, fence, now));
    return reading::Return(task, kind, reason);
  });
}

absl::StatusOr<Task> Tasks::SetPriority(const Asked& asked, const std::string& id, Priority priority,
                                        const std::string& reason) const {
  if (reason.empty()) {
    return base::Error(absl::StatusCode::kInvalidArgument, "REASON_REQUIRED", "reason", "a new priority needs a reason");
  }
  if (reason.size() > 4000) return base::InvalidField("reason", "longer than 4000 bytes");
  return ChangeOne(asked, id, [&](Task& task, absl::Time) -> absl::Status {
    if (!Open(task)) {
      return base::Conflict("STATE_NOT_ALLOWED", "a task in state " + std::string(Name(task.state)) +
                                                     " takes no other priority");
    }
    task.priority = priority;
    task.note = reason;
    if (task.state == TaskState::kWaiting && priority >= Priority::kUrgent && !task.study_ids.empty()) {
      return Move(task, TaskAction::kReady);
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<int> Tasks::Expire(absl::Time now, int64_t limit) const {
  std::vector<std::string> ids;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(ids, ExpiredClaims(session, now, limit));
    return absl::OkStatus();
  }));
  int expired = 0;
  for (const std::string& id : ids) {
    bool gave = false;
    TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
      gave = false;
      TJ_ASSIGN_OR_RETURN(Task task, FindTask(tx, security::Scope::Service(), id));
      if (task.claimed_by.empty() || Held(task, now)) return absl::OkStatus();  // Renewed in between.
      const Task before = task;
      TJ_TRY(reading::GiveBack(task));
      gave = true;
      return Announce(tx, before, task);
    }));
    expired += gave ? 1 : 0;
  }
  return expired;
}

absl::Status Tasks::Prolong(absl::Time now) const {
  return database_.Write([&](store::Transaction& tx) { return ProlongClaims(tx, now + claim_lease_); });
}

}  // namespace tongjian::reading
