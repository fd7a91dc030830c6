// Brings the gateway's own audit records into the hub's trail.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/store/feed.h"
#include "common/telemetry/metrics.h"

namespace grpc {
class ClientContext;
}

namespace tongjian::edge {

class Link;

struct TrailBacklog {
  int64_t records = 0;
  absl::Time oldest;        // InfiniteFuture when nothing waits.
  std::string last_refusal;  // Why the hub does not take them; empty while it does or is away.
};

// Reads the stream "audit" behind a stored cursor and delivers it in order; the cursor moves once
// the hub has the records durably, and the hub knows what it has already, so a cut link or a crash
// costs a batch sent twice and nothing else. When the link is back, and every ten minutes without
// records, it asks for the hub's newest signed head and keeps it: this gateway is the place
// elsewhere. Thread rule: Start
// and Stop from one thread, the rest from any; what it is given must outlive it.
class ShipTrail {
 public:
  // `busy`: whether something more urgent is on its way over the link.
  ShipTrail(store::Database& database, Link& link, std::function<bool()> busy,
            const base::Clock& clock, telemetry::Registry& metrics);
  ~ShipTrail();  // Stops.

  void Start();
  void Stop();
  // The link is back: an end of any pause.
  void LinkReturned();

  absl::StatusOr<TrailBacklog> Backlog();

 private:
  void Run();
  // One batch; true when there is more at once. `ask`: also without any record, as when the link is
  // back: it may be to a hub that was turned back.
  absl::StatusOr<bool> Ship(bool ask);
  // A record was written.
  void Wake();
  struct Seen {
    uint64_t wakes = 0;
    uint64_t returns = 0;
  };
  // Until there is a record that was not seen, or the link is back; Rest: for `pause`, or until the
  // link is back.
  void Await(const Seen& seen);
  void Rest(absl::Duration pause, const Seen& seen);
  void Announce(grpc::ClientContext* context);
  void Note(const absl::Status& status);

  store::Database& database_;
  Link& link_;
  const std::function<bool()> busy_;
  const base::Clock& clock_;
  telemetry::Counter& delivered_;
  telemetry::Counter& failed_;

  std::mutex mutex_;
  std::condition_variable changed_;
  Seen now_;  // Records written, returns of the link.
  bool stopping_ = false;
  grpc::ClientContext* running_ = nullptr;
  std::string last_refusal_;
  absl::Duration asked_ = -absl::InfiniteDuration();  // Of the thread alone.
  store::Feed::Subscription news_;
  std::thread thread_;
};

}  // namespace tongjian::edge
