#include "common/base/jump_watch.h"

#include <utility>

namespace tongjian::base {

JumpWatch::JumpWatch(const Clock& clock)
    : clock_(clock), offset_(Offset()), since_(clock.Elapsed()) {}

bool JumpWatch::Jumped() {
  const std::lock_guard lock(mutex_);
  return Look();
}

bool JumpWatch::CalmFor(absl::Duration calm) {
  const std::lock_guard lock(mutex_);
  Look();
  return clock_.Elapsed() - since_ >= calm;
}

bool JumpWatch::Look() {
  const absl::Duration before = std::exchange(offset_, Offset());
  const bool jumped = absl::AbsDuration(offset_ - before) > kJump;
  if (jumped) since_ = clock_.Elapsed();
  return jumped;
}

absl::Duration JumpWatch::Offset() const {
  return clock_.Now() - absl::UnixEpoch() - clock_.Elapsed();
}

}  // namespace tongjian::base
