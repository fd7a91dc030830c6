// A facility's results as they come: pulls and watches that wait without a thread.
#pragma once

#include <memory>

#include "absl/time/time.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"

namespace tongjian::rpc {
class Door;
}
namespace tongjian::store {
class Database;
}

namespace tongjian::exchange {

struct ResultFeedOptions {
  int threads = 2;             // That read pages; waiting takes none.
  int64_t waiting_max = 4096;  // Pulls and watches that wait at once.
  absl::Duration wait_max = absl::Seconds(55);
};

// The part of ResultService that waits. It reads the service's feed with the caller's facility as audience and passes over what is
// no result; what the patient refuses to share with the facility since is there as Withheld. CURSOR_EXPIRED and CURSOR_FOREIGN as
// the store's feed has them.
// Safe for concurrent use; database and door must outlive it.
class ResultFeed {
 public:
  ResultFeed(store::Database& database, const rpc::Door& door, ResultFeedOptions options = {});
  ~ResultFeed();  // After the server is down.

  // Answers all that waits, and whatever comes, UNAVAILABLE.
  void Close();

  grpc::ServerUnaryReactor* Pull(grpc::CallbackServerContext* context, const v1::PullEventsRequest* request,
                                 v1::PullEventsResponse* response);
  grpc::ServerWriteReactor<v1::ResultEvent>* Watch(grpc::CallbackServerContext* context,
                                                   const v1::WatchResultsRequest* request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::exchange
