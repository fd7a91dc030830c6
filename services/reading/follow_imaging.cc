#include "services/reading/follow_imaging.h"

#include "common/feed/change.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::reading {

feed::Follower::Handler FollowImaging(const Evidence& evidence) {
  return [&evidence](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    const auto changed = feed::As<events::v1::StudyChanged>(event);
    return changed ? evidence.StudyNews(tx, changed->study()) : absl::OkStatus();
  };
}

}  // namespace tongjian::reading
