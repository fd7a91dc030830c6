#include "services/exchange/follow_imaging.h"

#include <string>
#include <vector>

#include "common/feed/change.h"
#include "services/exchange/fact_store.h"
#include "services/exchange/publisher.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {

feed::Follower::Handler FollowImaging(const Publisher& publisher) {
  return [&publisher](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::StudyChanged>(event);
    if (!changed) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const bool news, FactStore::KeepStudy(tx, changed->study()));
    if (!news) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> reports, FactStore::ReportsOfStudy(tx, changed->study()));
    for (const std::string& report_id : reports) TJ_TRY(publisher.Refresh(tx, report_id));
    return absl::OkStatus();
  };
}

}  // namespace tongjian::exchange
