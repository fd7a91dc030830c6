#include "common/web/workers.h"

namespace tongjian::web {
namespace {

// Connections that wait for a thread; beyond these, accepting waits.
constexpr size_t kQueuedMax = 64;

}  // namespace

void Workers::enqueue(std::function<void()> task) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || tasks_.size() < kQueuedMax; });
  tasks_.push_back(std::move(task));
  if (idle_ < tasks_.size() && threads_.size() < threads_max_ && !stopping_)
    threads_.emplace_back([this] { Run(); });
  changed_.notify_all();
}

void Workers::shutdown() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
    --idle_;
    if (tasks_.empty()) return;
    const std::function<void()> task = std::move(tasks_.front());
    tasks_.pop_front();
    changed_.notify_all();
    lock.unlock();
    task();
    lock.lock();
  }
}

}  // namespace tongjian::web
