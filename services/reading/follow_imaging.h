// What reading makes of the feed "imaging".
#pragma once

#include "common/feed/follower.h"
#include "services/reading/evidence.h"

namespace tongjian::reading {

// `evidence` must outlive the handler.
feed::Follower::Handler FollowImaging(const Evidence& evidence);

}  // namespace tongjian::reading
