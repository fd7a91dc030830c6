// Routes what had no center as soon as the registry has one.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "services/orders/desk_work.h"

namespace tongjian::orders {

// A thread that looks whenever the registry's facts have changed, and now and then without that
// (opening hours begin, a membership becomes active). Start and Stop from one thread; `desk` must
// outlive it.
class WaitingRouter {
 public:
  // `revision`: rises with each change of the registry's facts.
  WaitingRouter(const DeskWork& desk, std::function<int64_t()> revision, absl::Duration look_every,
                absl::Duration route_every)
      : desk_(desk),
        revision_(std::move(revision)),
        look_every_(look_every),
        route_every_(route_every) {}
  ~WaitingRouter() { Stop(); }

  void Start();
  void Stop();

 private:
  void Run();

  const DeskWork& desk_;
  const std::function<int64_t()> revision_;
  const absl::Duration look_every_;
  const absl::Duration route_every_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tongjian::orders
