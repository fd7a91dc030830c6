#include "services/reading/task.h"

#include <algorithm>
#include <limits>

#include "common/base/check.h"

namespace tongjian::reading {
namespace {

using enum TaskState;
using A = TaskAction;

constexpr TaskRow kRows[] = {
    {kWaiting, A::kReady, kQueued},
    {kWaiting, A::kReturn, kReturned},
    {kWaiting, A::kCancel, kCancelled},
    {kQueued, A::kWait, kWaiting},
    {kQueued, A::kClaim, kClaimed},
    {kQueued, A::kReturn, kReturned},
    {kQueued, A::kComplete, kCompleted},
    {kQueued, A::kCancel, kCancelled},
    {kClaimed, A::kWait, kWaiting},
    {kClaimed, A::kClaim, kClaimed},
    {kClaimed, A::kRelease, kQueued},
    {kClaimed, A::kPutBack, kReopened},
    {kClaimed, A::kPreliminary, kPreliminary},
    {kClaimed, A::kSignFirst, kAwaitingApproval},
    {kClaimed, A::kComplete, kCompleted},
    {kClaimed, A::kReturn, kReturned},
    {kClaimed, A::kCancel, kCancelled},
    {kPreliminary, A::kWait, kWaiting},
    {kPreliminary, A::kClaim, kPreliminary},
    {kPreliminary, A::kRelease, kPreliminary},
    {kPreliminary, A::kPreliminary, kPreliminary},
    {kPreliminary, A::kSignFirst, kAwaitingApproval},
    {kPreliminary, A::kComplete, kCompleted},
    {kPreliminary, A::kReturn, kReturned},
    {kPreliminary, A::kReopen, kReopened},
    {kPreliminary, A::kCancel, kCancelled},
    {kAwaitingApproval, A::kWait, kWaiting},
    {kAwaitingApproval, A::kReject, kClaimed},
    {kAwaitingApproval, A::kComplete, kCompleted},
    {kAwaitingApproval, A::kReopen, kReopened},
    {kAwaitingApproval, A::kCancel, kCancelled},
    {kCompleted, A::kComplete, kCompleted},
    {kCompleted, A::kReopen, kReopened},
    {kReturned, A::kWait, kWaiting},
    {kReturned, A::kResume, kQueued},
    {kReturned, A::kComplete, kCompleted},
    {kReturned, A::kCancel, kCancelled},
    {kReopened, A::kClaim, kClaimed},
    {kReopened, A::kComplete, kCompleted},
    {kReopened, A::kReopen, kReopened},
    {kReopened, A::kReturn, kReturned},
    {kReopened, A::kCancel, kCancelled},
};

constexpr std::string_view kStateNames[] = {"NONE",      "WAITING",  "QUEUED",    "CLAIMED", "PRELIMINARY",
                                            "AWAITING_APPROVAL", "COMPLETED", "RETURNED", "CANCELLED", "REOPENED"};
static_assert(std::size(kStateNames) == kTaskStates + 1);

constexpr std::string_view kActionNames[] = {"ready",  "wait",     "claim",  "release", "put back", "preliminary", "sign first",
                                             "reject", "complete", "return", "resume",  "reopen",   "cancel"};
static_assert(std::size(kActionNames) == static_cast<size_t>(A::kCancel) + 1);

const TaskRow* Find(TaskState state, TaskAction action) {
  const auto* row = std::find_if(std::begin(kRows), std::end(kRows),
                                 [&](const TaskRow& r) { return r.from == state && r.action == action; });
  return row == std::end(kRows) ? nullptr : row;
}

absl::Status NotYours() {
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                     "another facility's readers have this task by its reading mode and center");
}

}  // namespace

std::span<const TaskRow> TaskTable() { return kRows; }
std::string_view Name(TaskState state) { return kStateNames[static_cast<int>(state)]; }
std::string_view Name(TaskAction action) { return kActionNames[static_cast<int>(action)]; }

TaskKey KeyOf(const Task& task) {
  return {-static_cast<int64_t>(task.priority),
          Stated(task.deadline) ? absl::ToUnixMicros(task.deadline) : std::numeric_limits<int64_t>::max(), task.id};
}

bool Allows(TaskState state, TaskAction action) { return Find(state, action) != nullptr; }

absl::Status Move(Task& task, TaskAction action) {
  const TaskRow* row = Find(task.state, action);
  if (row == nullptr) {
    return base::Conflict("STATE_NOT_ALLOWED", "a task in state " + std::string(Name(task.state)) +
                                                   " does not allow " + std::string(Name(action)));
  }
  task.state = row->to;
  if (task.state != kReturned) {
    task.return_kind = ReturnKind::kNone;
    task.return_seen = false;
  }
  return absl::OkStatus();
}

bool Held(const Task& task, absl::Time now) { return !task.claimed_by.empty() && task.claim_expire_time > now; }

bool Open(const Task& task) { return task.state != kCompleted && task.state != kCancelled; }

bool MayAuthor(const Task& task, std::string_view facility_id) {
  if (facility_id.empty()) return false;
  const bool clinic = task.reading_mode == ReadingMode::kClinicDrafts || task.reading_mode == ReadingMode::kClinicSigns;
  return facility_id == (clinic ? task.requesting_facility_id : task.performing_facility_id);
}

bool MayApprove(const Task& task, std::string_view facility_id) {
  if (facility_id.empty()) return false;
  return facility_id ==
         (task.reading_mode == ReadingMode::kClinicSigns ? task.requesting_facility_id : task.performing_facility_id);
}

Seen SeenNow(const Task& task) { return {.study_ids = task.study_ids, .instances = task.instance_count}; }

bool HasAll(const Task& task, const std::vector<std::string>& study_ids) {
  return std::all_of(study_ids.begin(), study_ids.end(), [&](const std::string& id) {
    return std::find(task.study_ids.begin(), task.study_ids.end(), id) != task.study_ids.end();
  });
}

absl::Status CheckSeen(const Task& task, const Seen& seen) {
  if (HasAll(task, seen.study_ids)) return absl::OkStatus();
  return base::Conflict("STATE_NOT_ALLOWED", "a study this was written over was moved away from the order: read it again");
}

absl::Status Claim(Task& task, const Reader& reader, absl::Time now, absl::Duration lease) {
  if (!MayAuthor(task, reader.facility_id)) return NotYours();
  if (Held(task, now) && task.claimed_by != reader.practitioner_id) {
    return base::Conflict("CLAIMED_BY_OTHER", "somebody else has the task " + task.id);
  }
  TJ_TRY(Move(task, TaskAction::kClaim));
  task.claimed_by = reader.practitioner_id;
  task.claim_expire_time = now + lease;
  task.claim_seen = SeenNow(task);
  ++task.claim_fence;
  return absl::OkStatus();
}

absl::Status CheckClaim(const Task& task, const Reader& reader, int64_t fence, absl::Time now) {
  if (Held(task, now) && task.claimed_by != reader.practitioner_id) {
    return base::Conflict("CLAIMED_BY_OTHER", "somebody else has the task " + task.id);
  }
  if (!Held(task, now) || task.claim_fence != fence) {
    return base::Conflict("CLAIM_EXPIRED", "the claim " + std::to_string(fence) + " on task " + task.id +
                                               " no longer holds: claim it again");
  }
  return absl::OkStatus();
}

void DropClaim(Task& task) {
  task.claimed_by.clear();
  task.claim_expire_time = absl::InfinitePast();
}

absl::Status GiveBack(Task& task) {
  const bool again = task.state == kClaimed && task.instances_read >= 0;
  TJ_TRY(Move(task, again ? TaskAction::kPutBack : TaskAction::kRelease));
  DropClaim(task);
  return absl::OkStatus();
}

absl::Status Return(Task& task, ReturnKind kind, const std::string& reason) {
  if (kind == ReturnKind::kEscalate && task.reading_mode == ReadingMode::kClinicSigns) {
    TJ_TRY(GiveBack(task));
    task.escalated = true;
    task.reading_mode = ReadingMode::kHubReads;
  } else {
    TJ_TRY(Move(task, TaskAction::kReturn));
    DropClaim(task);
    task.return_kind = kind;
    task.return_seen = false;
  }
  task.note = reason;
  return absl::OkStatus();
}

absl::Status Complete(Task& task, const Seen& seen) {
  TJ_TRY(Move(task, TaskAction::kComplete));
  DropClaim(task);
  task.instances_read = seen.instances;
  task.note.clear();
  return absl::OkStatus();
}

void LookAgain(Task& task, const Seen& seen) {
  if (task.state != kCompleted) return;
  if (task.study_ids != seen.study_ids) {
    TJ_CHECK(Reopen(task, "the studies of the order have changed since the report was written").ok());
  } else if (task.instance_count > seen.instances) {
    TJ_CHECK(Reopen(task, std::to_string(task.instance_count - seen.instances) + " images came after the report was written")
                 .ok());
  }
}

absl::Status Reopen(Task& task, const std::string& note) {
  TJ_TRY(Move(task, TaskAction::kReopen));
  DropClaim(task);
  task.note = note;
  return absl::OkStatus();
}

}  // namespace tongjian::reading
