// Routes what had no center as soon as the registry has one.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "services/orders/desk_work.h"

namespace tongjian::orders {

// Not for concurrent use; what it is given must outlive it.
class WaitingRouter {
 public:
  // `revision`: rises with each change of the registry's facts.
  WaitingRouter(const DeskWork& desk, std::function<int64_t()> revision, const base::Clock& clock,
                absl::Duration route_every)
      : desk_(desk), revision_(std::move(revision)), clock_(clock), route_every_(route_every) {}

  // One round: routes when the registry's facts have changed, and every `route_every` without that
  // (opening hours begin, a membership becomes active).
  absl::Status RunOnce();

 private:
  const DeskWork& desk_;
  const std::function<int64_t()> revision_;
  const base::Clock& clock_;
  const absl::Duration route_every_;
  int64_t routed_at_ = -1;
  absl::Duration routed_ = absl::ZeroDuration();  // By Clock::Elapsed.
};

}  // namespace tongjian::orders
