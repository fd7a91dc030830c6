// The feed "imaging": studies move their orders, and stand for one where there is none; performed
// steps say what became of its exams.
#pragma once

#include "common/feed/follower.h"
#include "services/orders/step_news.h"
#include "services/orders/study_news.h"

namespace tongjian::orders {

// What it is given must outlive the follower.
feed::Follower::Handler FollowImaging(const StudyNews& studies, const StepNews& steps);

}  // namespace tongjian::orders
