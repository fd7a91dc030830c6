#include "common/base/clock.h"

#include <chrono>

#include "absl/time/clock.h"
#include "common/base/check.h"

namespace tongjian::base {

absl::Time SystemClock::Now() const { return absl::Now(); }

absl::Duration SystemClock::Elapsed() const {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

absl::Time ManualClock::Now() const {
  std::lock_guard lock(mutex_);
  return now_;
}

absl::Duration ManualClock::Elapsed() const {
  std::lock_guard lock(mutex_);
  return elapsed_;
}

void ManualClock::Advance(absl::Duration by) {
  TJ_CHECK(by >= absl::ZeroDuration());
  std::lock_guard lock(mutex_);
  now_ += by;
  elapsed_ += by;
}

void ManualClock::JumpTo(absl::Time time) {
  std::lock_guard lock(mutex_);
  now_ = time;
}

}  // namespace tongjian::base
