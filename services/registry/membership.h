// A facility's membership of a community: its states over time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::registry {

// The numbers are those of registry.v1.MembershipState.
enum class MembershipState {
  kNone = 0,
  kApplied = 1,
  kAdmitted = 2,
  kActive = 3,
  kSuspended = 4,
  kExited = 5
};

std::string_view Name(MembershipState state);

// One state from a moment on. It ends where the next begins.
struct MembershipPeriod {
  MembershipState state = MembershipState::kNone;
  absl::Time from;
  std::string approver;
  std::string reason;
};
// Oldest first, each beginning after the one before; the first is kApplied.
using MembershipHistory = std::vector<MembershipPeriod>;

// Whether `to` may follow `from`: applied → admitted → active ⇄ suspended, and exited from each of
// them (an application may be withdrawn). Nothing follows exited: who comes back applies anew.
bool MayFollow(MembershipState from, MembershipState to);

// The state as of `time`; kNone before the first period. What every decision about a past fact
// asks.
MembershipState StateAt(const MembershipHistory& history, absl::Time time);

// The history with one state more. FAILED_PRECONDITION (STATE_NOT_ALLOWED) when the last state does
// not allow it; INVALID_ARGUMENT when `next` does not begin after the last one: history is never
// rewritten.
absl::StatusOr<MembershipHistory> Moved(MembershipHistory history, MembershipPeriod next);

}  // namespace tongjian::registry
