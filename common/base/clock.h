// Time as a dependency, so that tests advance it instead of sleeping.
#pragma once

#include <mutex>

#include "absl/time/time.h"

namespace tongjian::base {

// Where a component gets its time. Safe for concurrent use.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time (UTC): for facts that people read. It may jump.
  virtual absl::Time Now() const = 0;
  // Time since some fixed moment: for leases, back-off and durations. It never goes backwards.
  virtual absl::Duration Elapsed() const = 0;
};

// The machine's clocks.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override;
  absl::Duration Elapsed() const override;
};

// A clock that moves only when told to.
class ManualClock : public Clock {
 public:
  explicit ManualClock(absl::Time start) : now_(start) {}
  absl::Time Now() const override;
  absl::Duration Elapsed() const override;
  // Both clocks move on.
  void Advance(absl::Duration by);
  // Only the wall clock jumps, as when an administrator sets it.
  void JumpTo(absl::Time time);

 private:
  mutable std::mutex mutex_;
  absl::Time now_;
  absl::Duration elapsed_;
};

}  // namespace tongjian::base
