// What must leave: messages to destinations that may be away.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/database.h"

namespace tongjian::store {

enum class DeliveryState { kPending = 0, kDone = 1, kFailed = 2 };

struct Delivery {
  int64_t id = 0;
  std::string destination;
  std::string kind;
  std::string payload;
  DeliveryState state = DeliveryState::kPending;
  int64_t attempts = 0;    // so far
  std::string last_error;  // the code and message of the last handler status: never patient data
  absl::Time created;
  absl::Time next_attempt;  // of a pending one
  absl::Time finished;      // InfiniteFuture while pending
};

// How a failed attempt is repeated: after first * 2^(n-1), at most `longest`, give or take `jitter`
// of it.
struct RetryPolicy {
  absl::Duration first = absl::Seconds(1);
  absl::Duration longest = absl::Minutes(5);
  double jitter = 0.2;
  // Attempts before a delivery fails for good; 0 is never.
  int64_t attempts_max = 0;
};

// The right to deliver to one destination, and its oldest pending delivery.
struct DeliveryLease {
  Delivery delivery;
  int64_t fence = 0;
};

struct DeliveryStats {
  std::string destination;
  int64_t pending = 0;
  int64_t failed = 0;
  absl::Time oldest_pending;  // InfiniteFuture when there is none
};

struct DeliveryPage {
  std::vector<Delivery> deliveries;
  int64_t next_after = 0;  // 0 at the end
};

// One named queue of a database. Deliveries to one destination are made one after another in the
// order of Enqueue; a destination that is away delays only itself. A delivery that fails for good
// makes way for the next and waits for a person (Replay). Handlers see a delivery at least once.
// Safe for concurrent use; `database` must outlive it.
class Deliveries {
 public:
  Deliveries(Database& database, std::string queue, RetryPolicy policy = {});

  // Adds a delivery in the caller's transaction and wakes the worker once it is durable. `payload`
  // is any bytes.
  absl::Status Enqueue(Transaction& transaction, std::string_view destination,
                       std::string_view kind, std::string_view payload);

  // What the worker does, for those who drive it themselves. Take: leases at most `limit`
  // destinations whose next delivery is due. Finish: records the outcome of the leased delivery,
  // ABORTED when the lease was lost; with `go_on` it keeps the lease and returns the destination's
  // next delivery if that is due, else it gives the destination free. Renew prolongs, ABORTED when
  // lost.
  absl::StatusOr<std::vector<DeliveryLease>> Take(int64_t limit, absl::Duration ttl);
  absl::StatusOr<std::optional<DeliveryLease>> Finish(const DeliveryLease& lease,
                                                      const absl::Status& outcome, bool go_on,
                                                      absl::Duration ttl);
  absl::Status Renew(const DeliveryLease& lease, absl::Duration ttl);

  // Puts a failed delivery back to its place, with a fresh count of attempts. NOT_FOUND, or
  // FAILED_PRECONDITION when it has not failed.
  absl::Status Replay(int64_t id);

  // Puts a done delivery back to its place, in the caller's transaction: the destination has lost
  // what it was told. Failed and pending ones stay as they are. NOT_FOUND.
  absl::Status Repeat(Transaction& transaction, int64_t id);

  // Deliveries in `state`, by id, after the id `after`, at most `limit` (1 to 1000); of one
  // destination if it is named.
  absl::StatusOr<DeliveryPage> List(DeliveryState state,
                                    const std::optional<std::string>& destination, int64_t after,
                                    int64_t limit);
  absl::StatusOr<Delivery> Get(int64_t id);
  // Per destination with something pending or failed, at most 1000.
  absl::StatusOr<std::vector<DeliveryStats>> Stats();
  // Removes at most `limit` done deliveries that were finished before `before`; returns how many.
  absl::StatusOr<int64_t> Trim(absl::Time before, int64_t limit);

  // Called after a commit that adds work; set once, before the first Enqueue.
  void OnWork(std::function<void()> notice);

  const RetryPolicy& policy() const { return policy_; }
  Database& database() { return database_; }

 private:
  struct Waker;

  Database& database_;
  const std::string queue_;
  const RetryPolicy policy_;
  std::shared_ptr<Waker> waker_;
};

// Whether a handler's status means that trying again cannot help: INVALID_ARGUMENT,
// FAILED_PRECONDITION, OUT_OF_RANGE, UNIMPLEMENTED, DATA_LOSS. Everything else is tried again.
bool IsPermanent(const absl::Status& status);

// The pause after the `attempts`th failed attempt; `random` in [0, 1).
absl::Duration RetryPause(const RetryPolicy& policy, int64_t attempts, double random);

}  // namespace tongjian::store
