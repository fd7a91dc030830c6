// The feed "imaging": studies move their orders, and stand for one where there is none.
#pragma once

#include "common/feed/follower.h"
#include "services/orders/study_news.h"

namespace tongjian::orders {

// `news` must outlive the follower.
feed::Follower::Handler FollowImaging(const StudyNews& news);

}  // namespace tongjian::orders
