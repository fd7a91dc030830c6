// Follows the hub's results for this clinic.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/database.h"
#include "tongjian/exchange/v1/result.pb.h"

namespace grpc {
class ClientContext;
}

namespace tongjian::edge {

class DropFolder;
class Link;

// Pulls ResultService.PullEvents with a cursor of its own; effect and cursor are one transaction.
// Where the hub's feed no longer has all that was missed, its current results are listed first.
// Thread rule: Start and Stop from one thread; what it is given must outlive it.
class FollowResults {
 public:
  FollowResults(store::Database& database, Link& link, DropFolder& drop, std::string facility_id)
      : database_(database), link_(link), drop_(drop), facility_id_(std::move(facility_id)) {}
  ~FollowResults();

  // Runs in the transaction that forgets a cursor of another epoch: the hub was restored from a
  // backup. Set once, before Start.
  void OnRestore(std::function<absl::Status(store::Transaction&)> restored) {
    restored_ = std::move(restored);
  }
  void Start();
  void Stop();
  void Wake();

 private:
  void Run();
  // One page of whatever is next.
  absl::Status Step();
  absl::Status Pull(absl::Duration wait);
  absl::Status ListCurrent(const std::string& page_token);
  absl::Status StartAnew(const absl::Status& why);
  absl::Status Keep(store::Transaction& tx, const exchange::v1::Result& result);
  void Announce(grpc::ClientContext* context);

  store::Database& database_;
  Link& link_;
  DropFolder& drop_;
  const std::string facility_id_;
  std::function<absl::Status(store::Transaction&)> restored_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  uint64_t wakes_ = 0;
  grpc::ClientContext* pull_ = nullptr;
  std::thread thread_;
};

}  // namespace tongjian::edge
