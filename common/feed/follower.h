// Follows another service's feed: each event has its effect exactly once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"
#include "common/telemetry/metrics.h"
#include "tongjian/events/v1/feed.pb.h"

namespace tongjian::store {
class Database;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::feed {

// "I have not seen yet what this refers to": the event is parked and tried again soon.
absl::Status ReferenceUnknown(std::string_view what);

struct FollowerOptions {
  std::string feed;  // "registry"
  // Whose cursor it is, where one service follows a feed for several purposes; empty: the service's
  // only one.
  std::string purpose;
  int page_size = 200;
  absl::Duration wait = absl::Seconds(25);  // Of one long poll.
  // Between two rounds over what is parked: what it waits for may come by another feed.
  absl::Duration retry_first = absl::Milliseconds(50);
  absl::Duration retry_max = absl::Seconds(2);
  absl::Duration back_off_first = absl::Milliseconds(200);
  absl::Duration back_off_max = absl::Seconds(15);
  // Runs in the transaction that forgets a cursor of another epoch (CURSOR_FOREIGN): the service
  // that has the feed was restored from a backup and may have forgotten what it once knew.
  std::function<absl::Status(store::Transaction&)> restored;
};

// The numbers it keeps: tongjian_feed_lag_seconds, tongjian_feed_parked,
// tongjian_feed_events_total{feed,purpose,result}. Thread rule: Start, Stop and RunOnce from one
// thread; the handler runs on its thread, or on the database's writer.
class Follower {
 public:
  // Applies one event within a transaction, which also moves the cursor. It may run more than once
  // before it counts (so: no effect but through the transaction), and after CURSOR_EXPIRED or
  // CURSOR_FOREIGN all kept events come again (so: idempotent by key and content). ReferenceUnknown
  // parks; UNAVAILABLE, ABORTED, RESOURCE_EXHAUSTED, DEADLINE_EXCEEDED and CANCELLED hold the feed
  // and are tried again; any other error parks too, with an error line in the log: one event that
  // cannot be understood must not stop a hospital. Events of one key stay in order: while one is
  // parked, those behind it are.
  using Handler = std::function<absl::Status(store::Transaction&, const events::v1::Event&)>;
  // Called after the commit with each event that took effect, for copies in memory.
  using Applied = std::function<void(const events::v1::Event&)>;

  // `channel` leads to the service that has the feed; `database` (the follower's own) and `metrics`
  // must outlive this.
  Follower(FollowerOptions options, rpc::ChannelSource channel, rpc::OutgoingIdentity identity,
           store::Database& database, telemetry::Registry& metrics, Handler handler,
           Applied applied = nullptr);
  ~Follower();  // Stops.

  // A thread that pulls for ever; a feed that is away is tried again with a growing pause and
  // delays nobody's start.
  void Start();
  // Returns when the thread has ended, a running long poll is cut short.
  void Stop();

  // One page without waiting, then one round over what is parked: how many events took effect. For
  // tests and for catching up before a service says it is ready. Not while started.
  absl::StatusOr<int> RunOnce();
  // Pages until there is nothing more.
  absl::Status CatchUp();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::feed
