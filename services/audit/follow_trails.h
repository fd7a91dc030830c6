// Follows the audit feeds of all services into the chain.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "common/feed/follower.h"
#include "services/audit/trail_store.h"

namespace tongjian::audit {

// One follower a service. A service that is away delays nobody: its records wait in its own feed.
class FollowTrails {
 public:
  struct Source {
    std::string service;
    rpc::ChannelSource channel;
  };
  FollowTrails(const std::vector<Source>& sources, const rpc::OutgoingIdentity& identity,
               TrailStore& store, telemetry::Registry& metrics);

  void Start();
  void Stop();
  // Everything that is there now. Not while started.
  absl::Status CatchUp();

 private:
  std::vector<std::unique_ptr<feed::Follower>> followers_;
};

}  // namespace tongjian::audit
