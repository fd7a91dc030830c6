// The durable half of a follower: effects, cursor and what is parked. Internal to common/feed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/feed/follower.h"
#include "common/store/consumer.h"

namespace tongjian::feed {

// Applies pages to one database, each event exactly once. Not safe for concurrent use; two of them
// (of two processes) on one cursor do no harm: the slower one gets ABORTED and reads on where the
// other is.
class Applier {
 public:
  Applier(const FollowerOptions& options, store::Database& database, telemetry::Registry& metrics,
          Follower::Handler handler, Follower::Applied applied);

  // Where the feed is read on.
  absl::StatusOr<std::string> Cursor();
  // How many events took effect. An error leaves the rest of the page for later; what was applied
  // stays.
  absl::StatusOr<int> Apply(const events::v1::PullFeedResponse& page);
  // Tries what is parked, some keys at a time.
  absl::StatusOr<int> RetryParked();
  // Forgets the cursor, with `also` in the same transaction (null: nothing): the feed is read from
  // the start of what it keeps.
  absl::Status StartAnew(const std::function<absl::Status(store::Transaction&)>& also);

  // True until a round over what is parked has found nothing more there.
  bool any_parked() const { return !none_parked_; }

 private:
  using Events = std::vector<events::v1::Event>;
  absl::Status ApplyOne(store::Transaction& tx, const events::v1::Event& event);
  // Applies events of the page from `first` on, in one transaction: all of them, or as many as may
  // hold up other writers. The place behind the last.
  absl::StatusOr<int> ApplySome(const events::v1::PullFeedResponse& page, int first);
  // The same for each event alone; what does not apply is parked.
  absl::StatusOr<int> ApplyOneByOne(const events::v1::PullFeedResponse& page, int first);
  absl::Status Change(const std::function<absl::Status(store::Transaction&)>& change);
  absl::Status ParkOne(const events::v1::Event& event, const absl::Status& why);
  absl::StatusOr<int> RetryKey(const std::string& key);
  absl::StatusOr<Events> TakeAndApply(const std::string& key, size_t count_max, size_t* failed_at);
  absl::Status CheckCursor(store::Transaction& tx);
  absl::Status MoveCursor(store::Transaction& tx, const std::string& cursor);
  void Tell(const events::v1::Event& event);
  void CountParked();

  const std::string name_;  // Of the cursor.
  store::Database& database_;
  const Follower::Handler handler_;
  const Follower::Applied applied_;
  telemetry::Counter& done_;
  telemetry::Counter& parked_total_;
  telemetry::Gauge& parked_;
  std::string cursor_;  // As last read or written.
  // What is known without asking the database; a change that failed may mean that another process
  // follows for us, and both are asked again.
  bool cursor_known_ = false;
  bool none_parked_ = false;
  bool quiet_ = false;        // The last change announced nothing: the next will hardly do so.
  std::string retried_last_;  // The parked key tried last; the next round goes on behind it.
};

}  // namespace tongjian::feed
