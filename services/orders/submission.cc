#include "services/orders/submission.h"

#include <algorithm>
#include <utility>

#include "common/dicom/uid.h"
#include "services/orders/numbering.h"
#include "services/orders/turnaround.h"

namespace tongjian::orders {
namespace {

Turnaround Fallback(const Order& order, const SubmissionRules& rules) {
  Turnaround fallback = {
      .target = rules.routine_minutes, .start = TurnaroundStart::kAcquired, .source = "[design]"};
  if (order.priority == Priority::kUrgent) fallback.target = rules.urgent_minutes;
  if (GoesFirst(order)) fallback.target = rules.stat_minutes;
  return fallback;
}

}  // namespace

absl::Status Complete(Order& order, const Facts& facts, absl::Time now,
                      const SubmissionRules& rules) {
  TJ_TRY(ResolveItems(facts, now, order));
  for (Item& item : order.items) {
    if (item.study_instance_uid.empty() && !Provisional(order))
      item.study_instance_uid = NewStudyUid(rules.uid_root);
    if (!item.study_instance_uid.empty()) {
      TJ_TRY(dicom::CheckUid("order.items.study_instance_uid", item.study_instance_uid));
    }
  }
  return absl::OkStatus();
}

void MoveTo(Order& order, Routing routing) {
  const std::string left = order.routing.center_id;
  order.routing = std::move(routing);
  std::vector<std::string>& earlier = order.routing.earlier_center_ids;
  if (!left.empty() && left != order.routing.center_id &&
      std::find(earlier.begin(), earlier.end(), left) == earlier.end()) {
    earlier.push_back(left);
  }
}

void FixDeadline(Order& order, const Facts& facts, absl::Time now, const SubmissionRules& rules) {
  const absl::Time started = order.turnaround.start_time;
  order.turnaround = ChooseTurnaround(order, facts, Fallback(order, rules));
  order.turnaround.start_time = started;
  if (!Stated(started) && order.turnaround.start == TurnaroundStart::kSubmitted)
    order.turnaround.start_time = now;
  const absl::Time start =
      Stated(order.turnaround.start_time)
          ? order.turnaround.start_time
          : std::max(now, order.scheduled_time);  // An estimate until the exam is done.
  order.deadline = DeadlineOf(order.turnaround, start, facts.calendar, facts.zone);
}

void RouteAndSchedule(Order& order, const Facts& facts, const Load& load, absl::Time now,
                      const SubmissionRules& rules) {
  MoveTo(order, Route(order, facts, load, now));
  order.note = order.routing.center_id.empty() ? order.routing.reason : "";
  FixDeadline(order, facts, now, rules);
}

}  // namespace tongjian::orders
