#include "services/registry/membership.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::registry {

std::string_view Name(MembershipState state) {
  switch (state) {
    case MembershipState::kNone:
      return "none";
    case MembershipState::kApplied:
      return "applied";
    case MembershipState::kAdmitted:
      return "admitted";
    case MembershipState::kActive:
      return "active";
    case MembershipState::kSuspended:
      return "suspended";
    case MembershipState::kExited:
      return "exited";
  }
  return "unknown";
}

bool MayFollow(MembershipState from, MembershipState to) {
  switch (to) {
    case MembershipState::kApplied:
      return from == MembershipState::kNone;
    case MembershipState::kAdmitted:
      return from == MembershipState::kApplied;
    case MembershipState::kActive:
      return from == MembershipState::kAdmitted || from == MembershipState::kSuspended;
    case MembershipState::kSuspended:
      return from == MembershipState::kActive;
    case MembershipState::kExited:
      return from != MembershipState::kNone && from != MembershipState::kExited;
    case MembershipState::kNone:
      return false;
  }
  return false;
}

MembershipState StateAt(const MembershipHistory& history, absl::Time time) {
  MembershipState state = MembershipState::kNone;
  for (const MembershipPeriod& period : history) {
    if (period.from > time) break;
    state = period.state;
  }
  return state;
}

absl::StatusOr<MembershipHistory> Moved(MembershipHistory history, MembershipPeriod next) {
  const MembershipState last = history.empty() ? MembershipState::kNone : history.back().state;
  if (!MayFollow(last, next.state)) {
    const std::string_view from = Name(last), to = Name(next.state);
    return base::Conflict(
        "STATE_NOT_ALLOWED",
        absl::StrCat("a membership that is ", absl::string_view(from.data(), from.size()),
                     " can't become ", absl::string_view(to.data(), to.size())));
  }
  if (!history.empty() && next.from <= history.back().from) {
    return base::InvalidField("effective_time", "a state begins after the one before it");
  }
  history.push_back(std::move(next));
  TJ_CHECK(history.front().state == MembershipState::kApplied);
  return history;
}

}  // namespace tongjian::registry
