// The feed "exchange": results that reached the clinic, and that were opened there.
#pragma once

#include "common/feed/follower.h"
#include "services/orders/reading_news.h"

namespace tongjian::orders {

// `news` must outlive the follower.
feed::Follower::Handler FollowExchange(const ReadingNews& news);

}  // namespace tongjian::orders
