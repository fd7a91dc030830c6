#include "common/store/feed_heads.h"

#include <chrono>
#include <vector>

namespace tongjian::store {

struct FeedHeads::Subscriber {
  std::mutex mutex;  // held during a call
  std::function<void()> notice;
};

void FeedHeads::Advance(const std::string& stream, int64_t position) {
  std::vector<std::shared_ptr<Subscriber>> called;
  {
    std::lock_guard lock(mutex_);
    int64_t& head = heads_[stream];
    if (position <= head) return;
    head = position;
    auto [begin, end] = subscribers_.equal_range(stream);
    for (auto it = begin; it != end;) {
      if (auto subscriber = it->second.lock()) {
        called.push_back(std::move(subscriber));
        ++it;
      } else {
        it = subscribers_.erase(it);
      }
    }
  }
  changed_.notify_all();
  for (const auto& subscriber : called) {
    std::lock_guard lock(subscriber->mutex);
    if (subscriber->notice) subscriber->notice();
  }
}

bool FeedHeads::Wait(std::string_view stream, int64_t after, absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  const auto past = [&] {
    const auto found = heads_.find(stream);
    return found != heads_.end() && found->second > after;
  };
  const auto longest = std::chrono::hours(24);  // keeps the sum below in range
  changed_.wait_for(lock,
                    std::min(absl::ToChronoNanoseconds(timeout), std::chrono::nanoseconds(longest)),
                    [&] { return closed_ || past(); });
  return !closed_ && past();
}

void FeedHeads::Close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<void> FeedHeads::Subscribe(std::string_view stream, std::function<void()> notice) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->notice = std::move(notice);
  {
    std::lock_guard lock(mutex_);
    subscribers_.emplace(std::string(stream), subscriber);
  }
  // Advance may hold the subscriber a little longer; it must not call it any more.
  return std::shared_ptr<void>(subscriber.get(), [subscriber](void*) {
    std::lock_guard lock(subscriber->mutex);
    subscriber->notice = nullptr;
  });
}

std::string FeedHeads::epoch() const {
  std::lock_guard lock(mutex_);
  return epoch_;
}

void FeedHeads::set_epoch(std::string epoch) {
  std::lock_guard lock(mutex_);
  epoch_ = std::move(epoch);
}

}  // namespace tongjian::store
