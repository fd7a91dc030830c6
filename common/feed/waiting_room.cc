#include "common/feed/waiting_room.h"

#include <algorithm>

#include "absl/time/clock.h"
#include "common/base/check.h"

namespace tongjian::feed {

WaitingRoom::WaitingRoom(int threads) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WaitingRoom::~WaitingRoom() {
  Close();
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  TJ_CHECK(queue_.empty() && timers_.empty());
}

// From wherever it waits to the queue.
void WaitingRoom::EnqueueLocked(Visitor& visitor) {
  if (visitor.place_ == Visitor::Place::kQueue) return;
  if (visitor.place_ == Visitor::Place::kTopic) {
    visitor.topic_->waiting_.erase(&visitor);
    const auto [first, last] = timers_.equal_range(visitor.until_);
    timers_.erase(
        std::find_if(first, last, [&](const auto& timer) { return timer.second == &visitor; }));
  }
  visitor.place_ = Visitor::Place::kQueue;
  queue_.push_back(&visitor);
  work_.notify_one();
}

void WaitingRoom::Enqueue(Visitor& visitor) {
  const std::lock_guard lock(mutex_);
  EnqueueLocked(visitor);
}

uint64_t WaitingRoom::VersionOf(const Topic& topic) const {
  const std::lock_guard lock(mutex_);
  return topic.version_;
}

void WaitingRoom::Wait(Visitor& visitor, Topic& topic, uint64_t version, absl::Time until) {
  const std::lock_guard lock(mutex_);
  TJ_CHECK(visitor.place_ == Visitor::Place::kNowhere);
  if (closed_ || visitor.called_ || topic.version_ != version) return EnqueueLocked(visitor);
  visitor.place_ = Visitor::Place::kTopic;
  visitor.topic_ = &topic;
  visitor.until_ = until;
  topic.waiting_.insert(&visitor);
  timers_.emplace(until, &visitor);
  work_.notify_one();  // Somebody has to mind the new time.
}

void WaitingRoom::Announce(Topic& topic) {
  const std::lock_guard lock(mutex_);
  ++topic.version_;
  const std::set<Visitor*> waiting = topic.waiting_;
  for (Visitor* visitor : waiting) EnqueueLocked(*visitor);
}

void WaitingRoom::CallUp(Visitor& visitor) {
  const std::lock_guard lock(mutex_);
  visitor.called_ = true;
  if (visitor.place_ == Visitor::Place::kTopic) EnqueueLocked(visitor);
}

void WaitingRoom::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  while (!timers_.empty()) EnqueueLocked(*timers_.begin()->second);
}

bool WaitingRoom::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void WaitingRoom::TakeExpiredLocked() {
  const absl::Time now = absl::Now();
  while (!timers_.empty() && timers_.begin()->first <= now) EnqueueLocked(*timers_.begin()->second);
}

void WaitingRoom::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    TakeExpiredLocked();
    if (!queue_.empty()) {
      Visitor* visitor = queue_.front();
      queue_.pop_front();
      visitor->place_ = Visitor::Place::kNowhere;
      lock.unlock();
      visitor->Run();  // It may be gone after this.
      lock.lock();
    } else if (ended_) {
      return;
    } else if (timers_.empty() || timers_.begin()->first == absl::InfiniteFuture()) {
      work_.wait(lock);
    } else {
      work_.wait_until(lock, absl::ToChronoTime(timers_.begin()->first));
    }
  }
}

}  // namespace tongjian::feed
