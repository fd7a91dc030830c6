// Follows the hub's results for this clinic.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/database.h"

namespace grpc {
class ClientContext;
}

namespace tongjian::edge {

class DropFolder;
class Link;

// Pulls ResultService.PullEvents with a cursor of its own; effect and cursor are one transaction.
// Thread rule: Start and Stop from one thread; what it is given must outlive it.
class FollowResults {
 public:
  FollowResults(store::Database& database, Link& link, DropFolder& drop, std::string facility_id)
      : database_(database), link_(link), drop_(drop), facility_id_(std::move(facility_id)) {}
  ~FollowResults();

  void Start();
  void Stop();
  void Wake();

 private:
  void Run();
  // One page; true when there is more at once.
  absl::StatusOr<bool> Pull(absl::Duration wait);
  void Announce(grpc::ClientContext* context);

  store::Database& database_;
  Link& link_;
  DropFolder& drop_;
  const std::string facility_id_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  uint64_t wakes_ = 0;
  grpc::ClientContext* pull_ = nullptr;
  std::thread thread_;
};

}  // namespace tongjian::edge
