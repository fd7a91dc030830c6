#include "common/store/delivery.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/delivery_rows.h"

namespace tongjian::store {
namespace {

constexpr int64_t kListMax = 1000;

double Random() {
  thread_local std::minstd_rand random{std::random_device{}()};
  return std::uniform_real_distribution<double>(0, 1)(random);
}

absl::Status CheckLimit(int64_t limit) {
  if (limit >= 1 && limit <= kListMax) return absl::OkStatus();
  return base::InvalidField("limit", "1 to 1000 deliveries are handled at a time");
}

}  // namespace

// What OnWork was given; a transaction that commits late still finds it.
struct Deliveries::Waker {
  std::mutex mutex;
  std::function<void()> notice;
};

bool IsPermanent(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kDataLoss:
      return true;
    default:
      return false;
  }
}

absl::Duration RetryPause(const RetryPolicy& policy, int64_t attempts, double random) {
  const double doublings = static_cast<double>(std::clamp<int64_t>(attempts - 1, 0, 60));
  const absl::Duration pause = std::min(policy.longest, policy.first * std::exp2(doublings));
  return pause * (1 + policy.jitter * (2 * random - 1));
}

Deliveries::Deliveries(Database& database, std::string queue, RetryPolicy policy)
    : database_(database),
      queue_(std::move(queue)),
      policy_(policy),
      waker_(std::make_shared<Waker>()) {}

void Deliveries::OnWork(std::function<void()> notice) {
  std::lock_guard lock(waker_->mutex);
  waker_->notice = std::move(notice);
}

absl::Status Deliveries::Enqueue(Transaction& transaction, std::string_view destination,
                                 std::string_view kind, std::string_view payload) {
  if (destination.empty()) return base::InvalidField("destination", "a delivery has a destination");
  TJ_TRY(InsertDelivery(transaction, queue_, destination, kind, payload));
  transaction.AfterCommit([waker = waker_] {
    std::lock_guard lock(waker->mutex);
    if (waker->notice) waker->notice();
  });
  return absl::OkStatus();
}

absl::StatusOr<std::vector<DeliveryLease>> Deliveries::Take(int64_t limit, absl::Duration ttl) {
  TJ_TRY(CheckLimit(limit));
  const absl::Time now = database_.clock().Now();
  const LaneTimes times{.now = now,
                        .ready_max = now + policy_.longest * (1 + policy_.jitter),
                        .lease_max = now + 2 * ttl};
  std::vector<std::string> due;
  TJ_TRY(database_.Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(due, DueLanes(session, queue_, times, limit));
    return absl::OkStatus();
  }));
  std::vector<DeliveryLease> taken;
  if (due.empty()) return taken;
  TJ_TRY(database_.Write([&](Transaction& transaction) -> absl::Status {
    taken.clear();
    for (const std::string& destination : due) {
      TJ_ASSIGN_OR_RETURN(std::optional<DeliveryLease> lease,
                          LeaseLane(transaction, queue_, destination, times, ttl));
      if (lease) taken.push_back(*std::move(lease));
    }
    return absl::OkStatus();
  }));
  return taken;
}

absl::StatusOr<std::optional<DeliveryLease>> Deliveries::Finish(const DeliveryLease& lease,
                                                                const absl::Status& outcome,
                                                                bool go_on, absl::Duration ttl) {
  std::optional<DeliveryLease> next;
  TJ_TRY(database_.Write([&](Transaction& transaction) -> absl::Status {
    next.reset();
    const absl::Time now = transaction.Now();
    const Delivery& delivery = lease.delivery;
    const bool last = policy_.attempts_max > 0 && delivery.attempts + 1 >= policy_.attempts_max;
    if (outcome.ok()) {
      TJ_TRY(CloseDelivery(transaction, delivery, DeliveryState::kDone, outcome));
    } else if (IsPermanent(outcome) || last) {
      TJ_TRY(CloseDelivery(transaction, delivery, DeliveryState::kFailed, outcome));
    } else {
      const absl::Time at = now + RetryPause(policy_, delivery.attempts + 1, Random());
      TJ_TRY(PostponeDelivery(transaction, delivery, at, outcome));
      return FreeLane(transaction, queue_, lease, at);
    }
    if (go_on) {
      TJ_ASSIGN_OR_RETURN(next, KeepLane(transaction, queue_, lease, ttl));
      if (next) return absl::OkStatus();
    }
    return FreeLane(transaction, queue_, lease, now);
  }));
  return next;
}

absl::Status Deliveries::Renew(const DeliveryLease& lease, absl::Duration ttl) {
  return database_.Write(
      [&](Transaction& transaction) { return RenewLane(transaction, queue_, lease, ttl); });
}

absl::Status Deliveries::Replay(int64_t id) {
  TJ_TRY(database_.Write([&](Transaction& transaction) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::optional<Delivery> delivery,
                        FindDelivery(transaction, queue_, id));
    if (!delivery) return base::NotFound("delivery");
    if (delivery->state != DeliveryState::kFailed) {
      return base::Conflict("STATE_NOT_ALLOWED", "only a failed delivery can be replayed");
    }
    return ReopenDelivery(transaction, queue_, *delivery);
  }));
  std::lock_guard lock(waker_->mutex);
  if (waker_->notice) waker_->notice();
  return absl::OkStatus();
}

absl::Status Deliveries::Repeat(Transaction& transaction, int64_t id) {
  TJ_ASSIGN_OR_RETURN(const std::optional<Delivery> delivery,
                      FindDelivery(transaction, queue_, id));
  if (!delivery) return base::NotFound("delivery");
  if (delivery->state != DeliveryState::kDone) return absl::OkStatus();
  TJ_TRY(ReopenDelivery(transaction, queue_, *delivery));
  transaction.AfterCommit([waker = waker_] {
    std::lock_guard lock(waker->mutex);
    if (waker->notice) waker->notice();
  });
  return absl::OkStatus();
}

absl::StatusOr<DeliveryPage> Deliveries::List(DeliveryState state,
                                              const std::optional<std::string>& destination,
                                              int64_t after, int64_t limit) {
  TJ_TRY(CheckLimit(limit));
  DeliveryPage page;
  TJ_TRY(database_.Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(page.deliveries,
                        ListDeliveries(session, queue_, state, destination, after, limit + 1));
    return absl::OkStatus();
  }));
  if (static_cast<int64_t>(page.deliveries.size()) > limit) {
    page.deliveries.pop_back();
    page.next_after = page.deliveries.back().id;
  }
  return page;
}

absl::StatusOr<Delivery> Deliveries::Get(int64_t id) {
  std::optional<Delivery> found;
  TJ_TRY(database_.Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(found, FindDelivery(session, queue_, id));
    return absl::OkStatus();
  }));
  if (!found) return base::NotFound("delivery");
  return *std::move(found);
}

absl::StatusOr<std::vector<DeliveryStats>> Deliveries::Stats() {
  std::vector<DeliveryStats> stats;
  TJ_TRY(database_.Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(stats, CountDeliveries(session, queue_, kListMax));
    return absl::OkStatus();
  }));
  return stats;
}

absl::StatusOr<int64_t> Deliveries::Trim(absl::Time before, int64_t limit) {
  TJ_TRY(CheckLimit(limit));
  int64_t count = 0;
  TJ_TRY(database_.Write([&](Transaction& transaction) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        count,
        transaction.Execute("delete from store_delivery where id in (select id from store_delivery "
                            "where queue = :queue and state = 1 and finished_at < :before "
                            "order by finished_at limit :limit)",
                            queue_, before, limit));
    return absl::OkStatus();
  }));
  return count;
}

}  // namespace tongjian::store
