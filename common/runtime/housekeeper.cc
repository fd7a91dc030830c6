#include "common/runtime/housekeeper.h"

#include <utility>

namespace tongjian::runtime {

Housekeeper::Housekeeper(absl::Duration every, std::function<void()> chore)
    : every_(every), chore_(std::move(chore)), thread_([this] { Work(); }) {}

Housekeeper::~Housekeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Housekeeper::Work() {
  std::unique_lock lock(mutex_);
  while (
      !changed_.wait_for(lock, absl::ToChronoMilliseconds(every_), [this] { return stopping_; })) {
    lock.unlock();
    chore_();
    lock.lock();
  }
}

}  // namespace tongjian::runtime
