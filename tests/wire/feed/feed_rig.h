// A publisher that serves its feeds and a follower's database, both real, in one process.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/feed/change.h"
#include "common/feed/feed_service.h"
#include "common/feed/follower.h"
#include "common/rpc/channel.h"
#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/rpc/host.h"
#include "common/security/principal.h"
#include "common/store/database.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::feed {

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}

class FeedRig : public testing::Test {
 protected:
  FeedRig();
  ~FeedRig() override;

  // A facility's change in the publisher's outbox.
  void Publish(const std::string& id, const std::string& name,
               std::vector<std::string> audiences = {});
  // Opens the follower's database (again: as after a restart).
  void OpenFollowersDatabase();
  // A follower that writes "id=name" rows and counts how often each took effect. It does not know
  // facilities whose parent it has not seen.
  std::unique_ptr<Follower> NewFollower(FollowerOptions options = {.feed = "registry"});
  absl::Status Apply(store::Transaction& tx, const events::v1::Event& event);

  // "f1=Name*1" in the order of ids: content and how often it was applied.
  std::vector<std::string> Seen();
  int64_t CountRows(const std::string& sql);

  rpc::OutgoingIdentity AsService() {
    return rpc::OutgoingIdentity::Service(*principals_, "reading");
  }
  rpc::ChannelSource Channel() {
    return [this] { return away_ ? nullptr : host_->InProcessChannel(); };
  }
  absl::StatusOr<events::v1::PullFeedResponse> Pull(const std::string& feed,
                                                    const rpc::OutgoingIdentity& identity,
                                                    const std::string& cursor = {},
                                                    absl::Duration wait = absl::ZeroDuration(),
                                                    int page_size = 100);
  // The first page, as a service shows it to the HIS of a facility.
  absl::StatusOr<events::v1::PullFeedResponse> PullFor(const std::string& feed,
                                                       const std::string& facility,
                                                       const std::string& cursor = {});

  base::SystemClock clock_;
  std::string directory_;
  telemetry::Registry metrics_;
  std::unique_ptr<security::Principals> principals_;
  std::unique_ptr<store::Database> publisher_;
  std::unique_ptr<rpc::DatabaseAuditSink> sink_;
  std::unique_ptr<rpc::Gate> gate_;
  std::unique_ptr<rpc::Door> door_;
  std::unique_ptr<FeedService> feeds_;
  std::unique_ptr<rpc::ServerHost> host_;
  std::unique_ptr<store::Database> follower_database_;
  bool away_ = false;
  std::string poison_;             // The handler fails for good on this id.
  absl::Status passing_fault_;     // The handler fails with it for now.
  std::vector<std::string> told_;  // Ids the applied hook was told of.
};

}  // namespace tongjian::feed
