#include "services/orders/desk_work.h"

#include <set>
#include <utility>
#include <vector>

#include "services/orders/routing.h"
#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

constexpr size_t kReasonBytesMax = 1000;
constexpr int64_t kPage = 100;

absl::Status CheckReason(std::string_view field, const std::string& reason) {
  if (reason.empty()) return base::InvalidField(field, "missing");
  if (reason.size() > kReasonBytesMax) return base::InvalidField(field, "longer than 1000 bytes");
  return absl::OkStatus();
}

Action ActionOf(Leaving leaving) {
  switch (leaving) {
    case Leaving::kRedirect:
      return Action::kRedirect;
    case Leaving::kDecline:
      return Action::kDecline;
    case Leaving::kEscalate:
      return Action::kEscalate;
    case Leaving::kHandOver:
      return Action::kHandOver;
  }
  return Action::kRedirect;
}

std::string_view WordOf(Leaving leaving) {
  switch (leaving) {
    case Leaving::kRedirect:
      return "redirected";
    case Leaving::kDecline:
      return "declined";
    case Leaving::kEscalate:
      return "escalated";
    case Leaving::kHandOver:
      return "handed over";
  }
  return "redirected";
}

}  // namespace

absl::Status Leave(Order& order, Leaving leaving, const std::string& center_id,
                   const std::string& why, const Facts& facts, const Load& load, absl::Time now) {
  TJ_TRY(Move(order, ActionOf(leaving)));
  const std::string desk = order.routing.performing_facility_id;
  order.note = why;
  if (!center_id.empty()) {
    TJ_ASSIGN_OR_RETURN(Routing routing, RouteTo(order, facts, center_id,
                                                 std::string(WordOf(leaving)) + ": " + why));
    MoveTo(order, std::move(routing));
    // A decline that names another center is settled by that.
    return order.state == State::kDeclined ? Move(order, Action::kRedirect) : absl::OkStatus();
  }
  if (leaving == Leaving::kDecline) return absl::OkStatus();
  std::set<std::string> before(order.routing.earlier_center_ids.begin(),
                               order.routing.earlier_center_ids.end());
  before.insert(order.routing.center_id);
  MoveTo(order, Route(order, facts, load, now, before));
  if (order.routing.center_id.empty() && !desk.empty()) order.routing.desk_facility_id = desk;
  return absl::OkStatus();
}

absl::StatusOr<Order> DeskWork::Return(const Asked& asked, const std::string& id,
                                       const std::string& question) const {
  TJ_TRY(CheckReason("question", question));
  return changes_.ChangeOne(asked, id, DeedOf(asked, "returned", question),
                            [&](store::Transaction&, Order& order) {
                              TJ_TRY(Move(order, Action::kReturn));
                              order.note = question;
                              return absl::OkStatus();
                            });
}

absl::StatusOr<Order> DeskWork::Hold(const Asked& asked, const std::string& id, bool hold,
                                     const std::string& reason) const {
  if (hold) TJ_TRY(CheckReason("reason", reason));
  return changes_.ChangeOne(asked, id, DeedOf(asked, hold ? "held" : "released", reason),
                            [&](store::Transaction&, Order& order) {
                              TJ_TRY(Move(order, hold ? Action::kHold : Action::kRelease));
                              order.note = hold ? reason : "";
                              return absl::OkStatus();
                            });
}

absl::StatusOr<Order> DeskWork::Recapture(const Asked& asked, const std::string& id,
                                          const std::string& reason) const {
  TJ_TRY(CheckReason("reason", reason));
  return changes_.ChangeOne(asked, id, DeedOf(asked, "recapture requested", reason),
                            [&](store::Transaction&, Order& order) {
                              TJ_TRY(Move(order, Action::kRecapture));
                              order.note = reason;
                              return absl::OkStatus();
                            });
}

absl::StatusOr<Order> DeskWork::Reroute(const Asked& asked, const std::string& id, Leaving leaving,
                                        const std::string& center_id,
                                        const std::string& reason) const {
  TJ_TRY(CheckReason("reason", reason));
  const Load load = load_.Now();
  return changes_.ChangeOne(asked, id, DeedOf(asked, std::string(WordOf(leaving)), reason),
                            [&](store::Transaction& tx, Order& order) {
                              return Leave(order, leaving, center_id, reason, *facts_(), load,
                                           tx.Now());
                            });
}

absl::StatusOr<int> DeskWork::RouteWaiting() const {
  const security::Scope scope = security::Scope::Service();
  int found = 0;
  std::string after;
  while (true) {
    std::vector<Order> waiting;
    TJ_TRY(changes_.database().Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(waiting, changes_.store().Unrouted(session, scope, after, kPage));
      return absl::OkStatus();
    }));
    for (const Order& order : waiting) {
      after = order.id;
      const std::set<std::string> before(order.routing.earlier_center_ids.begin(),
                                         order.routing.earlier_center_ids.end());
      if (Waiting(order.state)) continue;  // A person's decision is due, not the router's.
      Order routed = order;
      MoveTo(routed,
             Route(order, *facts_(), load_.Now(), changes_.database().clock().Now(), before));
      if (routed.routing.center_id.empty()) continue;
      FixDeadline(routed, *facts_(), changes_.database().clock().Now(), rules_);
      routed.note.clear();
      const Deed deed = {"routed", "service:orders", "", routed.routing.reason};
      const absl::Status written = changes_.database().Write([&](store::Transaction& tx) {
        return changes_.journal().Change(tx, order, routed, deed);
      });
      if (!written.ok() && !absl::IsAborted(written))
        return written;  // ABORTED: somebody else was faster.
      if (written.ok()) ++found;
    }
    if (static_cast<int64_t>(waiting.size()) < kPage) return found;
  }
}

}  // namespace tongjian::orders
