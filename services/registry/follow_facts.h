// Follows the services that state facts about patients, so that every patient a facility speaks of
// has a master patient.
#pragma once

#include <memory>

#include "common/feed/follower.h"
#include "services/registry/patients.h"

namespace tongjian::registry {

// Feed "orders": the patient of each order. All given must outlive it.
std::unique_ptr<feed::Follower> FollowOrders(rpc::ChannelSource channel,
                                             const rpc::OutgoingIdentity& identity,
                                             const Patients& patients, store::Database& database,
                                             telemetry::Registry& metrics);
// Feed "imaging": the patient of each study, as its device wrote it.
std::unique_ptr<feed::Follower> FollowImaging(rpc::ChannelSource channel,
                                              const rpc::OutgoingIdentity& identity,
                                              const Patients& patients, store::Database& database,
                                              telemetry::Registry& metrics);

}  // namespace tongjian::registry
