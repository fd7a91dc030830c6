#include "services/exchange/follow_orders.h"

#include <string>
#include <vector>

#include "common/feed/change.h"
#include "services/exchange/decisions.h"
#include "services/exchange/fact_store.h"
#include "services/exchange/publisher.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {
namespace {

absl::Status RefreshReports(store::Transaction& tx, const Publisher& publisher, const std::string& order_id) {
  if (order_id.empty()) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> reports, FactStore::ReportsOfOrder(tx, order_id));
  for (const std::string& report_id : reports) TJ_TRY(publisher.Refresh(tx, report_id));
  return absl::OkStatus();
}

}  // namespace

feed::Follower::Handler FollowOrders(const Publisher& publisher, const Decisions& decisions) {
  return [&](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::OrderChanged>(event);
    if (!changed) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const bool news, FactStore::KeepOrder(tx, changed->order()));
    if (!news) return absl::OkStatus();
    TJ_TRY(RefreshReports(tx, publisher, changed->order().id()));
    TJ_TRY(RefreshReports(tx, publisher, changed->order().bound_order_id()));
    return decisions.Rebound(tx, changed->order());
  };
}

}  // namespace tongjian::exchange
