#include "common/base/jump_watch.h"

#include <utility>

namespace tongjian::base {

JumpWatch::JumpWatch(const Clock& clock, absl::Duration jump)
    : clock_(clock), jump_(jump), offset_(Offset()), since_(clock.Elapsed()) {}

bool JumpWatch::CalmFor(absl::Duration calm) {
  const std::lock_guard lock(mutex_);
  const absl::Duration before = std::exchange(offset_, Offset());
  if (absl::AbsDuration(offset_ - before) > jump_) since_ = clock_.Elapsed();
  return clock_.Elapsed() - since_ >= calm;
}

absl::Duration JumpWatch::Offset() const {
  return clock_.Now() - absl::UnixEpoch() - clock_.Elapsed();
}

}  // namespace tongjian::base
