#include "services/exchange/follow_reading.h"

#include "common/feed/change.h"
#include "services/exchange/fact_store.h"
#include "services/exchange/publisher.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {

feed::Follower::Handler FollowReading(const Publisher& publisher) {
  return [&publisher](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::ReportChanged>(event);
    if (!changed || changed->report().versions().empty()) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const bool news, FactStore::KeepReport(tx, changed->report()));
    return news ? publisher.Refresh(tx, changed->report().id()) : absl::OkStatus();
  };
}

}  // namespace tongjian::exchange
