#include "services/orders/binding.h"

#include <algorithm>
#include <set>
#include <utility>

#include "services/orders/same_patient.h"
#include "services/orders/state.h"
#include "services/orders/turnaround.h"

namespace tongjian::orders {
namespace {

absl::Status Refuse(const std::string& why) { return base::Conflict("STATE_NOT_ALLOWED", why); }

absl::Status CheckBinding(const Order& order, const Order& provisional) {
  if (order.id == provisional.id) return Refuse("an order is not bound to itself");
  if (!Provisional(provisional)) return Refuse("order " + provisional.id + " is not provisional");
  if (Provisional(order)) return Refuse("order " + order.id + " is provisional itself");
  if (!provisional.bound_order_id.empty()) {
    return Refuse("order " + provisional.id + " is bound to " + provisional.bound_order_id +
                  " already");
  }
  if (provisional.ordering_facility_id != RecordingFacility(order) &&
      provisional.ordering_facility_id != order.ordering_facility_id) {
    return Refuse("the evidence was recorded at another facility than the order's");
  }
  const bool read = provisional.state >= State::kClaimed && provisional.state <= State::kViewed;
  if (HasEvidence(order) && read)
    return Refuse("both orders have evidence and the provisional one is being read");
  return absl::OkStatus();
}

void TakeEvidence(const Order& provisional, Order& order) {
  std::set<std::string> reports;
  for (const Item& item : provisional.items) {
    for (const std::string& uid : item.study_instance_uids)
      AttachStudy(order, uid, {item.modality});
    reports.insert(item.report_ids.begin(), item.report_ids.end());
  }
  for (const std::string& report : reports) AttachReport(order, report);
}

// Where the provisional order's work stands; a waiting one is asked back to where it was.
void TakeState(const Order& provisional, Order& order) {
  const State reached = Waiting(provisional.state) ? provisional.resume_state : provisional.state;
  if (Waiting(order.state) && order.state != State::kRecaptureRequested) {
    order.resume_state = std::max(order.resume_state, reached);
    return;
  }
  if (Waiting(provisional.state)) {
    order.state = provisional.state;
    order.resume_state = provisional.resume_state;
    order.note = provisional.note;
    return;
  }
  if (order.state == State::kRecaptureRequested || reached > order.state) {
    order.state = reached;
    order.resume_state = State::kNone;
    order.note.clear();
  }
}

void TakeClock(const Order& provisional, const Facts& facts, Order& order) {
  if (!Stated(provisional.turnaround.start_time)) return;
  StartClock(order, TurnaroundStart::kAcquired, provisional.turnaround.start_time, facts);
}

}  // namespace

absl::StatusOr<Bound> Bind(Order order, Order provisional, const Facts& facts) {
  TJ_TRY(CheckBinding(order, provisional));
  const Order before = provisional;
  TJ_TRY(Move(order, Action::kBind));
  TJ_TRY(Move(provisional, Action::kGiveUp));
  TakeEvidence(before, order);
  TakeClock(before, facts, order);
  const bool queued = before.state >= State::kQueued && before.state != State::kRecaptureRequested;
  if (!before.routing.center_id.empty() && (queued || order.routing.center_id.empty()))
    order.routing = before.routing;
  TakeState(before, order);
  order.bound_order_id = provisional.id;
  provisional.bound_order_id = order.id;
  provisional.note = "bound to order " + order.id;
  return Bound{std::move(order), std::move(provisional)};
}

absl::Status BindIn(store::Transaction& tx, const Journal& journal, const Facts& facts,
                    const Order& order, const Order& provisional, const Deed& deed, Order* bound) {
  TJ_ASSIGN_OR_RETURN(Bound both, Bind(order, provisional, facts));
  TJ_TRY(journal.Change(tx, order, both.order, deed));
  TJ_TRY(journal.Change(tx, provisional, both.provisional, deed));
  *bound = std::move(both.order);
  return absl::OkStatus();
}

std::vector<Order> TakenOverBy(const Order& order, const std::vector<Order>& candidates) {
  std::vector<Order> taken;
  for (const Order& candidate : candidates) {
    if (!Provisional(candidate) || !candidate.bound_order_id.empty() || Terminal(candidate.state))
      continue;
    if (std::any_of(taken.begin(), taken.end(),
                    [&](const Order& other) { return other.id == candidate.id; }))
      continue;
    const bool by_uid =
        std::any_of(candidate.items.begin(), candidate.items.end(), [&](const Item& item) {
          return std::any_of(item.study_instance_uids.begin(), item.study_instance_uids.end(),
                             [&](const std::string& uid) { return Names(order, uid); });
        });
    const Likeness likeness = Compare(order.patient, candidate.patient);
    if (likeness == Likeness::kSame || (by_uid && likeness == Likeness::kUnknown))
      taken.push_back(candidate);
  }
  return taken;
}

}  // namespace tongjian::orders
