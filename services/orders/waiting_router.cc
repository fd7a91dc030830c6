#include "services/orders/waiting_router.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"

namespace tongjian::orders {

absl::Status WaitingRouter::RunOnce() {
  const int64_t revision = revision_();
  if (revision == routed_at_ && clock_.Elapsed() - routed_ < route_every_) return absl::OkStatus();
  routed_at_ = revision;
  routed_ = clock_.Elapsed();
  TJ_ASSIGN_OR_RETURN(const int routed, desk_.RouteWaiting());
  if (routed > 0)
    telemetry::Log(telemetry::Level::kInfo, "waiting_orders_routed", {{"orders", routed}});
  return absl::OkStatus();
}

}  // namespace tongjian::orders
