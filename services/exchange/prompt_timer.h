// Notes prompts that nobody answered in time.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/base/jump_watch.h"

namespace tongjian::exchange {

class Decisions;

// Not for concurrent use; what it is given must outlive it.
class PromptTimer {
 public:
  PromptTimer(const Decisions& decisions, const base::Clock& clock, absl::Duration calm)
      : decisions_(decisions), clock_(clock), calm_(calm), jumps_(clock) {}

  // One round. None is noted for `calm` after a start or a jump of the clock: in a wrong year all
  // would be overdue.
  absl::Status RunOnce();

 private:
  const Decisions& decisions_;
  const base::Clock& clock_;
  const absl::Duration calm_;
  base::JumpWatch jumps_;
};

}  // namespace tongjian::exchange
