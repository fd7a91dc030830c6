// The threads that deliver.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/delivery.h"

namespace tongjian::store {

struct DeliveryWorkerOptions {
  // Destinations served at the same time.
  int threads = 4;
  // A destination whose worker died is free after this; running handlers' leases are renewed every
  // third of it.
  absl::Duration lease = absl::Seconds(60);
  // How often due deliveries are looked for when nothing wakes the worker (real time).
  absl::Duration poll = absl::Milliseconds(500);
};

// Runs `handler` for every due delivery of a queue, one at a time per destination. Handlers run on
// the worker's threads, must honour their own time limits and must be idempotent. `deliveries` must
// outlive it.
class DeliveryWorker {
 public:
  // OK: delivered. Otherwise IsPermanent decides between FAILED and another attempt; the message
  // must hold no patient data.
  using Handler = std::function<absl::Status(const Delivery&)>;

  DeliveryWorker(Deliveries& deliveries, DeliveryWorkerOptions options, Handler handler);
  // Takes no more, waits for running handlers, and gives their destinations free.
  ~DeliveryWorker();

  // Looks for due deliveries now.
  void Wake();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::store
