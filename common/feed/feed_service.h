// events.v1.FeedService: the feeds of all services in this process.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/base/clock.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::rpc {
class Door;
}
namespace tongjian::store {
class Database;
}

namespace tongjian::feed {

struct FeedServiceOptions {
  int threads = 4;             // That read pages; waiting takes none.
  int64_t waiting_max = 4096;  // Pulls and watches that wait at once.
  absl::Duration wait_max = absl::Seconds(55);
};

// Serves "<service>" (the stream of that name) and "<service>.audit" of each added service. A
// caller gets the events addressed to its facility or to everybody; services, and people whose
// scope is everything, get all; audit feeds are for services alone. A page that holds events is in
// the audit trail of the feed's service unless a service reads it for itself: moving events between
// services is not seeing them. Safe for concurrent use.
class FeedService final : public events::v1::FeedService::CallbackService {
 public:
  explicit FeedService(FeedServiceOptions options = {});
  ~FeedService() override;  // After the server is down; ends what waits.

  // Before the server starts. `door` is the service's own; both must outlive this.
  void Add(std::string_view service, store::Database& database, const rpc::Door& door);
  // Answers all that waits, and whatever comes, UNAVAILABLE: an early step of a stop.
  void Close();

  grpc::ServerUnaryReactor* PullFeed(grpc::CallbackServerContext* context,
                                     const events::v1::PullFeedRequest* request,
                                     events::v1::PullFeedResponse* response) override;
  grpc::ServerWriteReactor<events::v1::PullFeedResponse>* WatchFeed(
      grpc::CallbackServerContext* context, const events::v1::WatchFeedRequest* request) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::feed
