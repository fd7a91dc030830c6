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
  // A difference that grows by more than `jump` between two looks is a jump, less is steering. The
  // beginning counts as one: whether the date was right before is not known.
  JumpWatch(const Clock& clock, absl::Duration jump);

  // True when there was no jump for `calm`, as far as the looks can tell: ask often.
  bool CalmFor(absl::Duration calm);

 private:
  absl::Duration Offset() const;

  const Clock& clock_;
  const absl::Duration jump_;
  std::mutex mutex_;
  absl::Duration offset_;
  absl::Duration since_;  // By Clock::Elapsed.
};

}  // namespace tongjian::base
