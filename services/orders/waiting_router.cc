#include "services/orders/waiting_router.h"

#include "common/base/check.h"
#include "common/telemetry/log.h"

namespace tongjian::orders {

void WaitingRouter::Start() {
  TJ_CHECK(!thread_.joinable());
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void WaitingRouter::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WaitingRouter::Run() {
  int64_t routed_at = -1;
  absl::Duration since = absl::ZeroDuration();
  while (true) {
    const int64_t revision = revision_();
    if (revision != routed_at || since >= route_every_) {
      const absl::StatusOr<int> routed = desk_.RouteWaiting();
      if (!routed.ok()) {
        telemetry::Log(telemetry::Level::kWarning, "waiting_orders_not_routed",
                       {{"status", routed.status()}});
      } else if (*routed > 0) {
        telemetry::Log(telemetry::Level::kInfo, "waiting_orders_routed", {{"orders", *routed}});
      }
      routed_at = revision;
      since = absl::ZeroDuration();
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, absl::ToChronoMilliseconds(look_every_),
                          [this] { return stopping_; }))
      return;
    since += look_every_;
  }
}

}  // namespace tongjian::orders
