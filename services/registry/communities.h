// Communities and the memberships in them.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "services/registry/directory.h"
#include "services/registry/membership.h"

namespace tongjian::registry::v1 {
class Community;
class Membership;
}  // namespace tongjian::registry::v1

namespace tongjian::registry {

// Stands on `directory`, which must outlive it; the same thread rule and errors.
class Communities {
 public:
  explicit Communities(const Directory& directory) : directory_(directory) {}

  // The warnings are ours (facility.h: CommunityWarnings).
  absl::StatusOr<v1::Community> Create(store::Transaction& tx, const security::Scope& scope,
                                       v1::Community community) const;
  absl::StatusOr<v1::Community> Update(store::Transaction& tx, const security::Scope& scope,
                                       v1::Community community) const;

  // A new membership, applied for at `from`. INVALID_ARGUMENT when the role is LEAD and the
  // facility is not the community's lead; ALREADY_EXISTS while the facility is in the community and
  // has not exited.
  absl::StatusOr<v1::Membership> Apply(store::Transaction& tx, const security::Scope& scope,
                                       v1::Membership membership, absl::Time from) const;
  // One state on (membership.h: Moved).
  absl::StatusOr<v1::Membership> Transition(store::Transaction& tx, const security::Scope& scope,
                                            std::string_view id,
                                            const MembershipPeriod& next) const;

 private:
  const Directory& directory_;
};

}  // namespace tongjian::registry
