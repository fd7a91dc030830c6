// Follows the registry's patients, so that a patient's entries are found whatever they were known
// by when written.
#pragma once

#include <memory>

#include "common/feed/mirror.h"
#include "services/audit/trail_store.h"

namespace tongjian::audit {

absl::StatusOr<std::unique_ptr<feed::Mirror>> FollowRegistry(rpc::ChannelSource channel,
                                                             const rpc::OutgoingIdentity& identity,
                                                             TrailStore& store,
                                                             telemetry::Registry& metrics);

}  // namespace tongjian::audit
