#include "services/registry/communities.h"

#include <utility>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/registry/facility.h"
#include "services/registry/kinds.h"
#include "services/registry/membership_codec.h"

namespace tongjian::registry {
namespace {

// Enough to tell that a county has too many.
constexpr int64_t kCountedMax = 100;

absl::Status SetWarnings(store::Session& session, pb::Community* community) {
  community->clear_warnings();
  const auto lead = Directory::Get<pb::Facility>(session, community->lead_facility_id());
  if (!lead.ok()) return base::InvalidField("community.lead_facility_id", "no such facility");
  int64_t in_county = 0;
  const RecordIndex index = Kind<pb::Community>::Index(*community);
  if (!index.groups.empty()) {
    TJ_ASSIGN_OR_RETURN(const auto others, Directory::List<pb::Community>(
                                               session, index.groups.front(), "", kCountedMax));
    in_county = 1;
    for (const pb::Community& other : others) in_county += other.id() != community->id();
  }
  if (community->kind() != pb::COMMUNITY_KIND_COUNTY_COMMUNITY) return absl::OkStatus();
  for (std::string& warning :
       CommunityWarnings({lead->kind_code(), lead->grade_code(), lead->for_profit()}, in_county)) {
    community->add_warnings(std::move(warning));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Community> Communities::Create(store::Transaction& tx,
                                                  const security::Scope& scope,
                                                  v1::Community community) const {
  TJ_TRY(SetWarnings(tx, &community));
  return directory_.Create(tx, scope, std::move(community));
}

absl::StatusOr<v1::Community> Communities::Update(store::Transaction& tx,
                                                  const security::Scope& scope,
                                                  v1::Community community) const {
  TJ_TRY(SetWarnings(tx, &community));
  return directory_.Replace(tx, scope, std::move(community));
}

absl::StatusOr<v1::Membership> Communities::Apply(store::Transaction& tx,
                                                  const security::Scope& scope,
                                                  v1::Membership membership,
                                                  absl::Time from) const {
  TJ_ASSIGN_OR_RETURN(const auto community,
                      Directory::Get<pb::Community>(tx, membership.community_id()));
  if (membership.role() == pb::MEMBERSHIP_ROLE_LEAD &&
      community.lead_facility_id() != membership.facility_id()) {
    return base::InvalidField("membership.role",
                              "the community names another facility as its lead");
  }
  TJ_ASSIGN_OR_RETURN(const MembershipHistory history,
                      Moved({}, {MembershipState::kApplied, from, "", ""}));
  SetHistory(history, tx.Now(), &membership);
  return directory_.Create(tx, scope, std::move(membership));
}

absl::StatusOr<v1::Membership> Communities::Transition(store::Transaction& tx,
                                                       const security::Scope& scope,
                                                       std::string_view id,
                                                       const MembershipPeriod& next) const {
  TJ_ASSIGN_OR_RETURN(auto membership, Directory::Get<pb::Membership>(tx, id));
  TJ_ASSIGN_OR_RETURN(const MembershipHistory history, Moved(HistoryOf(membership), next));
  SetHistory(history, tx.Now(), &membership);
  return directory_.Replace(tx, scope, std::move(membership));
}

}  // namespace tongjian::registry
