// The feed "reading": tasks and reports move their orders.
#pragma once

#include "common/feed/follower.h"
#include "services/orders/reading_news.h"

namespace tongjian::orders {

// `news` must outlive the follower.
feed::Follower::Handler FollowReading(const ReadingNews& news);

}  // namespace tongjian::orders
