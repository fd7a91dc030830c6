#include "services/registry/membership_codec.h"

#include "common/rpc/proto_time.h"
#include "tongjian/registry/v1/community.pb.h"

namespace tongjian::registry {
namespace {

static_assert(static_cast<int>(MembershipState::kApplied) == v1::MEMBERSHIP_STATE_APPLIED);
static_assert(static_cast<int>(MembershipState::kAdmitted) == v1::MEMBERSHIP_STATE_ADMITTED);
static_assert(static_cast<int>(MembershipState::kActive) == v1::MEMBERSHIP_STATE_ACTIVE);
static_assert(static_cast<int>(MembershipState::kSuspended) == v1::MEMBERSHIP_STATE_SUSPENDED);
static_assert(static_cast<int>(MembershipState::kExited) == v1::MEMBERSHIP_STATE_EXITED);

}  // namespace

MembershipHistory HistoryOf(const v1::Membership& membership) {
  MembershipHistory history;
  for (const v1::MembershipPeriod& period : membership.periods()) {
    history.push_back({static_cast<MembershipState>(period.state()), rpc::FromProto(period.from()),
                       period.approver(), period.reason()});
  }
  return history;
}

void SetHistory(const MembershipHistory& history, absl::Time now, v1::Membership* membership) {
  membership->clear_periods();
  for (size_t i = 0; i < history.size(); ++i) {
    v1::MembershipPeriod* period = membership->add_periods();
    period->set_state(static_cast<v1::MembershipState>(history[i].state));
    *period->mutable_from() = rpc::ToProto(history[i].from);
    if (i + 1 < history.size()) *period->mutable_to() = rpc::ToProto(history[i + 1].from);
    period->set_approver(history[i].approver);
    period->set_reason(history[i].reason);
  }
  membership->set_state(static_cast<v1::MembershipState>(StateAt(history, now)));
}

}  // namespace tongjian::registry
