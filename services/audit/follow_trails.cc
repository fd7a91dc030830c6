#include "services/audit/follow_trails.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/audit/record.h"

namespace tongjian::audit {

FollowTrails::FollowTrails(const std::vector<Source>& sources,
                           const rpc::OutgoingIdentity& identity, TrailStore& store,
                           telemetry::Registry& metrics) {
  for (const Source& source : sources) {
    const std::string feed = absl::StrCat(source.service, ".audit");
    auto append = [feed](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
      const std::string& record = event.change().value();
      TJ_ASSIGN_OR_RETURN(const EntryIndex index, IndexOf(record));
      return TrailStore::Append(tx, feed, record, index).status();
    };
    followers_.push_back(std::make_unique<feed::Follower>(feed::FollowerOptions{.feed = feed},
                                                          source.channel, identity,
                                                          store.database(), metrics, append));
  }
}

void FollowTrails::Start() {
  for (auto& follower : followers_) follower->Start();
}

void FollowTrails::Stop() {
  for (auto& follower : followers_) follower->Stop();
}

absl::Status FollowTrails::CatchUp() {
  for (auto& follower : followers_) TJ_TRY(follower->CatchUp());
  return absl::OkStatus();
}

}  // namespace tongjian::audit
