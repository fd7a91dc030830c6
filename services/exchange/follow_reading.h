// The feed "reading": reports become results.
#pragma once

#include "common/feed/follower.h"

namespace tongjian::exchange {

class Publisher;

// What it is given must outlive the follower.
feed::Follower::Handler FollowReading(const Publisher& publisher);

}  // namespace tongjian::exchange
