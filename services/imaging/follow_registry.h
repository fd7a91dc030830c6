// Follows the feed "registry": facilities and devices in memory, master patients as links on
// studies.
#pragma once

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/feed/mirror.h"
#include "common/store/transaction.h"
#include "services/imaging/places.h"
#include "tongjian/events/v1/feed.pb.h"

namespace tongjian::imaging {

// A mirror of facilities and devices that keeps `places` filled, from its own table at once.
// `places`, `database` and `metrics` must outlive it.
absl::StatusOr<std::unique_ptr<feed::Mirror>> FollowRegistry(rpc::ChannelSource channel,
                                                             const rpc::OutgoingIdentity& identity,
                                                             store::Database& database,
                                                             telemetry::Registry& metrics,
                                                             Places& places);

// The effect of one event, in its transaction: a patient's words are remembered and studies that
// hold them are linked.
absl::Status ApplyRegistryEvent(store::Transaction& tx, const events::v1::Event& event,
                                Places& places);

}  // namespace tongjian::imaging
