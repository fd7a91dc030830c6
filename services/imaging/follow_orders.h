// Follows the feed "orders": keeps what matching needs of every order, and tries studies again when
// one has changed.
#pragma once

#include "absl/status/status.h"
#include "common/store/transaction.h"
#include "services/imaging/matcher.h"
#include "tongjian/events/v1/feed.pb.h"

namespace tongjian::imaging {

// The effect of one event, in its transaction; see feed::Follower::Handler. Studies that an order
// names, has the number of, or is linked to are matched again; more than 1000 of one order are not
// looked at.
absl::Status ApplyOrderEvent(store::Transaction& tx, const events::v1::Event& event,
                             const Matcher& matcher);

}  // namespace tongjian::imaging
