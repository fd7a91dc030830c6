// Notices when somebody sets the machine's clock.
#pragma once

#include <mutex>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace tongjian::base {

// Compares the wall clock with the one that never jumps. For work that must not believe a wrong
// date, such as deleting what is old. Safe for concurrent use; `clock` must outlive it.
class JumpWatch {
 public:
  // A difference that grows by more than this between two looks is a jump, less is steering.
  static constexpr absl::Duration kJump = absl::Minutes(5);

  explicit JumpWatch(const Clock& clock);

  // True when there was a jump since the look before, or since the beginning.
  bool Jumped();
  // True when there was no jump for `calm`, as far as the looks can tell: ask often. The beginning
  // counts as a jump: whether the date was right before is not known.
  bool CalmFor(absl::Duration calm);

 private:
  absl::Duration Offset() const;
  bool Look();  // Holding `mutex_`.

  const Clock& clock_;
  std::mutex mutex_;
  absl::Duration offset_;
  absl::Duration since_;  // By Clock::Elapsed.
};

}  // namespace tongjian::base
