// A reading task: one order with its studies at one center. Values and rules; no I/O.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/reading/people.h"

namespace tongjian::reading {

// The numbers are those of tongjian.reading.v1 (a test holds them together).
enum class TaskState {
  kNone = 0,
  kWaiting = 1,
  kQueued = 2,
  kClaimed = 3,
  kPreliminary = 4,
  kAwaitingApproval = 5,
  kCompleted = 6,
  kReturned = 7,
  kCancelled = 8,
  kReopened = 9,
};
inline constexpr int kTaskStates = 9;

enum class ReturnKind { kNone = 0, kQuestion = 1, kRecapture = 2, kDecline = 3, kEscalate = 4 };
enum class ReadingMode { kNone = 0, kHubReads = 1, kClinicDrafts = 2, kClinicSigns = 3 };
enum class Priority { kNone = 0, kRoutine = 1, kUrgent = 2, kStat = 3, kGreenChannel = 4 };

// What moves a task. README.md shows the same table.
enum class TaskAction {
  kReady,        // Enough evidence is there.
  kWait,         // The evidence went away, or is not what was signed over.
  kClaim,
  kRelease,      // Given back, or the lease ran out.
  kPutBack,      // The same for a task that was read before.
  kPreliminary,
  kSignFirst,    // The author has signed, an approver must follow.
  kReject,       // The approver sends it back to its author.
  kComplete,
  kReturn,
  kResume,       // The question is answered, another center has it.
  kReopen,       // Something new came, or the report was taken back.
  kCancel,
};

struct TaskRow {
  TaskState from;
  TaskAction action;
  TaskState to;
};
std::span<const TaskRow> TaskTable();
std::string_view Name(TaskState state);
std::string_view Name(TaskAction action);

// What a reader had before the eyes: whoever writes has not seen what came later.
struct Seen {
  std::vector<std::string> study_ids;
  int64_t instances = 0;
  bool operator==(const Seen&) const = default;
};

// Times that are not stated are the infinite past.
struct Task {
  std::string id;
  TaskState state = TaskState::kNone;
  std::string order_id;
  std::string accession_number;
  std::string requesting_facility_id;
  std::string center_id;
  std::string performing_facility_id;
  int discipline = 0;
  std::vector<std::string> modalities;
  std::vector<std::string> item_names;
  Patient patient;
  std::string clinical_information;
  Priority priority = Priority::kRoutine;
  absl::Time deadline = absl::InfinitePast();
  std::vector<std::string> study_ids;
  int64_t instance_count = 0;
  std::string exam_note;  // Why the device broke an exam of it off.
  ReadingMode reading_mode = ReadingMode::kHubReads;
  int signers = 1;
  std::string claimed_by;
  absl::Time claim_expire_time = absl::InfinitePast();
  int64_t claim_fence = 0;
  std::string report_id;
  bool provisional = false;
  bool identity_confirmed = false;
  std::string note;
  absl::Time create_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();
  int64_t version = 0;
  ReturnKind return_kind = ReturnKind::kNone;

  // Kept beside the contract.
  bool escalated = false;        // The clinic asked the hub to read: the policy's mode no longer holds.
  bool return_seen = false;      // The order has followed the return.
  int64_t instances_read = -1;   // What the final report rests on; -1 without one.
  Seen claim_seen;               // What was there at the newest claim.
  Priority order_priority = Priority::kNone;  // The order's own; a supervisor may have set another.

  bool operator==(const Task&) const = default;
};

inline bool Stated(absl::Time time) { return time != absl::InfinitePast(); }

// Where a task stands on the worklist: the most urgent first, then what is due first. Smaller is earlier.
struct TaskKey {
  int64_t urgency = 0;   // Minus the priority.
  int64_t deadline = 0;  // Microseconds; the largest number without a deadline.
  std::string id;
  auto operator<=>(const TaskKey&) const = default;
};
TaskKey KeyOf(const Task& task);

// Moves the task by the table. FAILED_PRECONDITION (STATE_NOT_ALLOWED) names the state.
absl::Status Move(Task& task, TaskAction action);
bool Allows(TaskState state, TaskAction action);

// Whether somebody holds it at `now`.
bool Held(const Task& task, absl::Time now);
// Open: somebody may still have to do something.
bool Open(const Task& task);

// Whose readers write and sign first, and whose approve, by the reading mode.
bool MayAuthor(const Task& task, std::string_view facility_id);
bool MayApprove(const Task& task, std::string_view facility_id);

// What is there now.
Seen SeenNow(const Task& task);
// Whether none of these studies was moved away.
bool HasAll(const Task& task, const std::vector<std::string>& study_ids);
// STATE_NOT_ALLOWED when a study that was seen is no longer there. More may have come: that reopens.
absl::Status CheckSeen(const Task& task, const Seen& seen);

// Takes it; the fence rises. One's own claim may be taken anew (the window was closed), an expired one by anybody.
// PERMISSION_DENIED for who may not author, FAILED_PRECONDITION CLAIMED_BY_OTHER or STATE_NOT_ALLOWED.
absl::Status Claim(Task& task, const Reader& reader, absl::Time now, absl::Duration lease);
// OK for the newest claim while its lease holds. CLAIMED_BY_OTHER, CLAIM_EXPIRED.
absl::Status CheckClaim(const Task& task, const Reader& reader, int64_t fence, absl::Time now);
// Nobody has it any more; the state goes where that leads.
absl::Status GiveBack(Task& task);
void DropClaim(Task& task);

// Sent back by its reader: the order follows the news. A clinic that signs itself and escalates leaves it to the hub's readers.
absl::Status Return(Task& task, ReturnKind kind, const std::string& reason);

// Signed for good, by what its writer has seen.
absl::Status Complete(Task& task, const Seen& seen);
// Reopens a completed task that has more than was seen, or other studies; says so in its note.
void LookAgain(Task& task, const Seen& seen);
// Something new, or the report taken back: it must be read again.
absl::Status Reopen(Task& task, const std::string& note);

}  // namespace tongjian::reading
