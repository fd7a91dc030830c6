#include "common/store/delivery_worker.h"

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tongjian::store {

// One thread leases destinations and renews the leases of those being served; the others deliver.
class DeliveryWorker::Impl {
 public:
  Impl(Deliveries& deliveries, DeliveryWorkerOptions options, Handler handler)
      : deliveries_(deliveries), options_(options), handler_(std::move(handler)) {
    deliveries_.OnWork([this] { Wake(); });
    for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Serve(); });
    threads_.emplace_back([this] { Dispatch(); });
  }

  ~Impl() {
    deliveries_.OnWork(nullptr);
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  void Wake() {
    {
      std::lock_guard lock(mutex_);
      wake_ = true;
    }
    changed_.notify_all();
  }

 private:
  // Takes as many destinations as there are idle threads, again and again.
  void Dispatch() {
    absl::Duration renewed = Elapsed();
    std::unique_lock lock(mutex_);
    while (!stopping_) {
      wake_ = false;
      const int64_t idle = options_.threads - static_cast<int64_t>(ready_.size() + serving_.size());
      lock.unlock();
      if (idle > 0) Take(idle);
      if (Elapsed() - renewed > options_.lease / 3) {
        renewed = Elapsed();
        RenewAll();
      }
      lock.lock();
      changed_.wait_for(lock, absl::ToChronoMilliseconds(options_.poll),
                        [&] { return wake_ || stopping_; });
    }
  }

  void Take(int64_t limit) {
    absl::StatusOr<std::vector<DeliveryLease>> taken = deliveries_.Take(limit, options_.lease);
    if (!taken.ok()) return;  // The database is away: the next poll asks again.
    std::lock_guard lock(mutex_);
    for (DeliveryLease& lease : *taken) ready_.push_back(std::move(lease));
    if (!taken->empty()) changed_.notify_all();
  }

  void RenewAll() {
    std::vector<DeliveryLease> held;
    {
      std::lock_guard lock(mutex_);
      held = ready_;
      for (const auto& [destination, lease] : serving_) held.push_back(lease);
    }
    // A lost lease shows when its delivery is finished.
    for (const DeliveryLease& lease : held) deliveries_.Renew(lease, options_.lease).IgnoreError();
  }

  void Serve() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return stopping_ || !ready_.empty(); });
      if (ready_.empty()) return;
      DeliveryLease lease = std::move(ready_.front());
      ready_.erase(ready_.begin());
      serving_[lease.delivery.destination] = lease;
      lock.unlock();
      const std::string destination = lease.delivery.destination;
      ServeDestination(std::move(lease));
      lock.lock();
      serving_.erase(destination);
      wake_ = true;  // a thread is idle again
      changed_.notify_all();
    }
  }

  // Delivers what waits for one destination until it is empty, refuses, or the worker ends.
  void ServeDestination(DeliveryLease lease) {
    for (int count = 1;; ++count) {
      const absl::Status outcome = stopping() ? absl::CancelledError() : Handle(lease.delivery);
      if (absl::IsCancelled(outcome) && stopping()) {
        GiveBack(lease);
        return;
      }
      const bool go_on = count < kInARow && !stopping();
      absl::StatusOr<std::optional<DeliveryLease>> next =
          deliveries_.Finish(lease, outcome, go_on, options_.lease);
      // When it cannot be recorded the lease runs out and the delivery is made again.
      if (!next.ok() || !*next) return;
      lease = **std::move(next);
      std::lock_guard lock(mutex_);
      serving_[lease.delivery.destination] = lease;
    }
  }

  absl::Status Handle(const Delivery& delivery) {
    try {
      return handler_(delivery);
    } catch (const std::exception&) {
      return absl::InternalError("the handler ended unexpectedly");
    }
  }

  // Another process may go on at once.
  void GiveBack(const DeliveryLease& lease) {
    deliveries_.Renew(lease, absl::ZeroDuration()).IgnoreError();
  }

  bool stopping() {
    std::lock_guard lock(mutex_);
    return stopping_;
  }

  absl::Duration Elapsed() { return deliveries_.database().clock().Elapsed(); }

  // Deliveries to one destination before its turn comes again, so that a long queue does not keep a
  // thread from others.
  static constexpr int kInARow = 100;

  Deliveries& deliveries_;
  const DeliveryWorkerOptions options_;
  const Handler handler_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DeliveryLease> ready_;
  std::map<std::string, DeliveryLease> serving_;
  bool wake_ = false;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

DeliveryWorker::DeliveryWorker(Deliveries& deliveries, DeliveryWorkerOptions options,
                               Handler handler)
    : impl_(std::make_unique<Impl>(deliveries, options, std::move(handler))) {}

DeliveryWorker::~DeliveryWorker() = default;

void DeliveryWorker::Wake() { impl_->Wake(); }

}  // namespace tongjian::store
