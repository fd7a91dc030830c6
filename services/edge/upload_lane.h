// Brings the spool's objects of one lane to the hub.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/blob/store.h"
#include "common/rpc/channel.h"
#include "common/telemetry/metrics.h"
#include "services/edge/pace.h"
#include "services/edge/progress.h"
#include "services/edge/spool_store.h"

namespace grpc {
class Channel;
class ClientContext;
}  // namespace grpc

namespace tongjian::edge {

// How many urgent objects are on their way: the routine lane holds while there are any. Shared by
// both lanes.
struct UrgentTraffic {
  std::atomic<int> objects{0};
};

// One thread and one stream at a time over a connection of its own. An object goes on where the hub
// has it; a broken stream costs at most what was unacknowledged. Small objects follow one another
// without waiting for answers. Thread rule: Start and Stop from one thread, the rest from any; what
// it is given must outlive it.
class UploadLane {
 public:
  UploadLane(Lane lane, Spool& spool, blob::Store& blobs, std::shared_ptr<grpc::Channel> channel,
             UrgentTraffic& urgent, Progress& progress, const base::Clock& clock,
             telemetry::Registry& metrics);
  ~UploadLane();  // Stops.

  void Start();
  void Stop();
  // There is something to do, or the link is back: an end of any pause.
  void Wake();

  // Bytes a second, as last measured; 0 while unknown.
  int64_t rate() const { return rate_.load(); }

 private:
  class Stream;
  void Run();
  bool HasWork();
  bool Connected();
  void NoteRate();
  void Rest(absl::Duration pause, uint64_t seen);

  const Lane lane_;
  Spool& spool_;
  blob::Store& blobs_;
  const std::shared_ptr<grpc::Channel> channel_;
  UrgentTraffic& urgent_;
  Progress& progress_;
  const base::Clock& clock_;
  telemetry::Counter& sent_objects_;
  telemetry::Counter& sent_bytes_;
  telemetry::Counter& breaks_;
  std::atomic<int64_t> rate_{0};
  Pace pace_;                    // Of the lane's thread, as the next.
  std::set<std::string> begun_;  // In a stream that broke: the hub may have a part.

  std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t wakes_ = 0;
  bool stopping_ = false;
  grpc::ClientContext* running_ = nullptr;
  std::thread thread_;
};

}  // namespace tongjian::edge
