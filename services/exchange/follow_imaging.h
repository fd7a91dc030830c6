// The feed "imaging": the evidence behind results.
#pragma once

#include "common/feed/follower.h"

namespace tongjian::exchange {

class Publisher;

// What it is given must outlive the follower.
feed::Follower::Handler FollowImaging(const Publisher& publisher);

}  // namespace tongjian::exchange
