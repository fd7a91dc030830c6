#include "services/reading/follow_orders.h"

#include "common/feed/change.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::reading {

feed::Follower::Handler FollowOrders(const Evidence& evidence) {
  return [&evidence](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::OrderChanged>(event);
    return changed ? evidence.OrderNews(tx, changed->order()) : absl::OkStatus();
  };
}

}  // namespace tongjian::reading
