// One feed of this process, and what a caller may read of it. Internal to common/feed.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/feed/waiting_room.h"
#include "common/rpc/call.h"
#include "common/store/feed.h"
#include "tongjian/events/v1/feed.pb.h"

namespace tongjian::rpc {
class Door;
}

namespace tongjian::feed {

// A stream of a service's database under its public name. `door` and `feed` must outlive it.
struct FeedSource {
  FeedSource(std::string name, std::string stream, store::Feed& feed, const rpc::Door& door,
             WaitingRoom& room);

  const std::string name;
  const std::string stream;
  store::Feed& feed;
  const rpc::Door& door;
  Topic news;
  store::Feed::Subscription subscription;  // Announces to `news`; ends first.
};

// Whose events the caller gets.
struct Reader {
  std::optional<std::string> facility;  // None: all events.
  bool service = false;                 // A service for itself: moving events is not seeing them.
};

// PERMISSION_DENIED for an audit feed unless a service asks for itself, and for a caller without a
// facility.
absl::StatusOr<Reader> ReaderOf(const FeedSource& source, const rpc::Call& call);

// The next page after `cursor`, at most `limit` events and about 3 MiB. What it shows is named in
// the call's trail.
absl::StatusOr<events::v1::PullFeedResponse> ReadPage(FeedSource& source, const Reader& reader,
                                                      const std::string& cursor, int64_t limit,
                                                      rpc::Trail& trail);

}  // namespace tongjian::feed
