#include "services/orders/clock_mend.h"

#include <algorithm>
#include <vector>

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

constexpr int64_t kPage = 200;

}  // namespace

bool Redate(Order& order, absl::Time now) {
  absl::Time& start = order.turnaround.start_time;
  const absl::Time latest =
      std::max({order.create_time, order.receive_time, Stated(start) ? start : absl::InfinitePast()});
  if (latest <= now) return false;
  if (Stated(order.deadline)) order.deadline -= latest - now;
  order.create_time = std::min(order.create_time, now);
  order.receive_time = std::min(order.receive_time, now);
  if (Stated(start)) start = std::min(start, now);
  return true;
}

absl::Status ClockMend::RunOnce() {
  due_ = jumps_.Jumped() || due_;
  if (!due_) return absl::OkStatus();
  int mended = 0;
  for (int number = 1; number <= kStates; ++number) {
    while (true) {
      TJ_ASSIGN_OR_RETURN(const int some, MendSome(static_cast<State>(number)));
      mended += some;
      if (some < kPage) break;
    }
  }
  due_ = false;
  if (mended > 0)
    telemetry::Log(telemetry::Level::kWarning, "orders_of_a_wrong_clock", {{"orders", mended}});
  return absl::OkStatus();
}

absl::StatusOr<int> ClockMend::MendSome(State state) const {
  const absl::Time now = changes_.database().clock().Now();
  std::vector<Order> orders;
  TJ_TRY(changes_.database().Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(orders, changes_.store().ChangedAfter(
                                    session, state, now + base::JumpWatch::kJump, kPage));
    return absl::OkStatus();
  }));
  for (const Order& order : orders) {
    Order mended = order;
    Redate(mended, now);  // Writing it dates its last change.
    const Deed deed = {"redated", "service:orders", "", "the hub's clock had been wrong"};
    const absl::Status written = changes_.database().Write(
        [&](store::Transaction& tx) { return changes_.journal().Change(tx, order, mended, deed); });
    if (!written.ok() && !absl::IsAborted(written)) return written;  // ABORTED: it is another now.
  }
  return static_cast<int>(orders.size());
}

}  // namespace tongjian::orders
