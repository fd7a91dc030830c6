// The databases and object stores of a process, each with its door, feeds, metrics and probe.
// Internal to common/runtime.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/jump_watch.h"
#include "common/blob/store.h"
#include "common/feed/feed_service.h"
#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/runtime/process.h"
#include "common/runtime/scrubber.h"
#include "common/store/database.h"
#include "common/telemetry/metrics.h"

namespace tongjian::runtime {

// Opening from the main thread; what it gives lives as long as it. The rest of what it is given
// must outlive it.
class Records {
 public:
  Records(const ProcessOptions& options, rpc::Gate& gate, feed::FeedService& feeds,
          telemetry::Registry& metrics, const base::Clock& clock);
  ~Records();

  absl::StatusOr<store::Database*> OpenDatabase(std::string_view service,
                                                std::vector<store::Migration> migrations);
  absl::StatusOr<blob::Store*> OpenBlobs(std::string_view service, int64_t packed_bytes_max);
  const rpc::Door& DoorOf(std::string_view service) const;
  rpc::AuditSink& AuditSinkOf(std::string_view service) const;

  bool any_feed() const { return !services_.empty(); }
  // Databases that accept writes and stores that have room; otherwise what the first of them says.
  absl::Status Health() const;
  // A database that accepts nothing, or a store whose disk has failed; a full disk is neither.
  absl::Status Failure() const;
  // Removes what is older than its stated keeping: events, audit records, remembered request ids.
  // Nothing for `feeds.calm` after a start or a jump of the clock: in a wrong year all would be
  // old. Of audit records nothing that the audit service, where it is here, has not taken; of a
  // database that hands its records on itself (a gateway's) none.
  void Trim();
  // The next step of verifying what is stored. From one thread.
  void Scrub();

 private:
  struct Service;
  const Service& Of(std::string_view service) const;
  void WatchWriter(Service& service);
  absl::Status TrimTrail(const std::string& name, Service& service);
  // When the oldest of its audit records that the audit service has not taken was recorded;
  // InfiniteFuture when it has all or is elsewhere.
  absl::StatusOr<absl::Time> NotTaken(const std::string& name, Service& service) const;

  const ProcessOptions& options_;
  rpc::Gate& gate_;
  feed::FeedService& feeds_;
  telemetry::Registry& metrics_;
  const base::Clock& clock_;
  std::map<std::string, std::unique_ptr<Service>, std::less<>> services_;
  std::map<std::string, std::unique_ptr<blob::Store>, std::less<>> blobs_;
  std::vector<std::unique_ptr<Scrubber>> scrubbers_;
  base::JumpWatch jumps_;
};

}  // namespace tongjian::runtime
