// Follows the registry's patients, so that a patient's entries are found whatever they were known
// by when written.
#pragma once

#include <memory>

#include "common/feed/follower.h"
#include "services/audit/trail_store.h"

namespace tongjian::audit {

std::unique_ptr<feed::Follower> FollowRegistry(rpc::ChannelSource channel,
                                               const rpc::OutgoingIdentity& identity,
                                               TrailStore& store, telemetry::Registry& metrics);

}  // namespace tongjian::audit
