// The feed "orders": what results say of their orders, and exams ordered although an earlier result was accepted.
#pragma once

#include "common/feed/follower.h"

namespace tongjian::exchange {

class Publisher;
class Decisions;

// What it is given must outlive the follower.
feed::Follower::Handler FollowOrders(const Publisher& publisher, const Decisions& decisions);

}  // namespace tongjian::exchange
