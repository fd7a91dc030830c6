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
  if (closed_ || visitor.called_) return EnqueueLocked(visitor);
  visitor.place_ = Visitor::Place::kTopic;
  visitor.topic_ = &topic;
  visitor.until_ = until;
  topic.waiting_.insert(&visitor);
  timers_.emplace(until, &visitor);
  if (topic.version_ != version) WakeLaterLocked(topic);
  work_.notify_one();  // Somebody has to mind the new time.
}

void WaitingRoom::Announce(Topic& topic) {
  const std::lock_guard lock(mutex_);
  ++topic.version_;
  WakeLaterLocked(topic);
}

void WaitingRoom::WakeLocked(Topic& topic, absl::Time now) {
  topic.woken_ = now;
  const std::set<Visitor*> waiting = topic.waiting_;
  for (Visitor* visitor : waiting) EnqueueLocked(*visitor);
}

// At once where the topic has rested.
void WaitingRoom::WakeLaterLocked(Topic& topic) {
  if (topic.waiting_.empty() || topic.wake_due_) return;
  const absl::Time now = absl::Now();
  // A clock that was set back must not silence a feed.
  if (now >= topic.woken_ + std::max(topic.rest_, kWakeRest) || now < topic.woken_) {
    topic.rest_ = kWakeRest;
    return WakeLocked(topic, now);
  }
  topic.wake_due_ = true;
  wakes_.emplace(topic.woken_ + topic.rest_, &topic);
  topic.rest_ = std::min(2 * topic.rest_, kWakeRestMax);
  work_.notify_one();
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

absl::Time WaitingRoom::TakeDueLocked() {
  const absl::Time now = absl::Now();
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    Topic& topic = *wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    topic.wake_due_ = false;
    WakeLocked(topic, now);
  }
  while (!timers_.empty() && timers_.begin()->first <= now) EnqueueLocked(*timers_.begin()->second);
  const absl::Time wake = wakes_.empty() ? absl::InfiniteFuture() : wakes_.begin()->first;
  return std::min(wake, timers_.empty() ? absl::InfiniteFuture() : timers_.begin()->first);
}

void WaitingRoom::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    const absl::Time next = TakeDueLocked();
    if (!queue_.empty()) {
      Visitor* visitor = queue_.front();
      queue_.pop_front();
      visitor->place_ = Visitor::Place::kNowhere;
      lock.unlock();
      visitor->Run();  // It may be gone after this.
      lock.lock();
    } else if (ended_) {
      return;
    } else if (next == absl::InfiniteFuture()) {
      work_.wait(lock);
    } else {
      work_.wait_until(lock, absl::ToChronoTime(next));
    }
  }
}

}  // namespace tongjian::feed
