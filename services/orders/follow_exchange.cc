#include "services/orders/follow_exchange.h"

#include "common/feed/change.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

namespace exchange = tongjian::exchange::v1;

// Whether a version is a conclusion to rely on: a preliminary one that was delivered leaves the
// order where it is.
bool IsFinal(const exchange::Result& result, int version) {
  for (const exchange::ResultVersion& candidate : result.versions()) {
    if (candidate.number() != version) continue;
    return candidate.state() == exchange::RESULT_STATE_FINAL ||
           candidate.state() == exchange::RESULT_STATE_AMENDED;
  }
  return false;
}

ResultFact FactOf(const exchange::Result& result) {
  ResultFact fact = {.id = result.id(),
                     .order_ids = {result.order_ids().begin(), result.order_ids().end()},
                     .version = result.version()};
  const int newest = result.versions().empty() ? 0 : result.versions().rbegin()->number();
  for (const exchange::ResultDelivery& delivery : result.deliveries()) {
    if (!IsFinal(result, newest)) break;
    if (delivery.delivered_version() == newest) fact.delivered_to.push_back(delivery.facility_id());
    if (delivery.viewed_version() == newest) fact.viewed_at.push_back(delivery.facility_id());
  }
  return fact;
}

}  // namespace

feed::Follower::Handler FollowExchange(const ReadingNews& news) {
  return [&news](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::ResultChanged>(event);
    return changed ? news.Apply(tx, FactOf(changed->result())) : absl::OkStatus();
  };
}

}  // namespace tongjian::orders
