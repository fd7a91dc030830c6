// One feed of this process, and what a caller may read of it. Internal to common/feed.
#pragma once

#include <memory>
#include <mutex>
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

// The page that was read last for a service. Those who follow a feed are woken together and ask for
// the same one. It may end before news that has come since: that is the next page. Safe for
// concurrent use.
class LastPage {
 public:
  // Null when it is another.
  std::shared_ptr<const events::v1::PullFeedResponse> Find(const std::string& cursor,
                                                           int64_t limit) const;
  // Kept where it holds events and is not large, and where `cursor` is one: the start of a feed is
  // another after a restore.
  void Keep(const std::string& cursor, int64_t limit, const events::v1::PullFeedResponse& page);

 private:
  mutable std::mutex mutex_;
  std::string cursor_;
  int64_t limit_ = 0;
  std::shared_ptr<const events::v1::PullFeedResponse> page_;
};

// A stream of a service's database under its public name. `door` and `feed` must outlive it.
struct FeedSource {
  FeedSource(std::string name, std::string stream, store::Feed& feed, const rpc::Door& door,
             WaitingRoom& room);

  const std::string name;
  const std::string stream;
  store::Feed& feed;
  const rpc::Door& door;
  LastPage last;
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
