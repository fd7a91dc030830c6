// Memberships as the domain and as the contract write them.
#pragma once

#include "services/registry/membership.h"

namespace tongjian::registry::v1 {
class Membership;
}

namespace tongjian::registry {

MembershipHistory HistoryOf(const v1::Membership& membership);

// Writes the periods, each ending where the next begins, and the state as of `now`.
void SetHistory(const MembershipHistory& history, absl::Time now, v1::Membership* membership);

}  // namespace tongjian::registry
