// How far each stream is, known in memory. Internal to common/store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/time/time.h"

namespace tongjian::store {

// Wakes those who wait for events. Safe for concurrent use.
class FeedHeads {
 public:
  // Raises the head of a stream after a commit and tells those who wait and subscribe. A lower
  // position changes nothing.
  void Advance(const std::string& stream, int64_t position);

  // True as soon as the head of the stream is past `after`, false after `timeout` (real time) or
  // Close.
  bool Wait(std::string_view stream, int64_t after, absl::Duration timeout);
  void Close();

  // Calls `notice` after each Advance of the stream. Destroying the result ends that, after a
  // running call.
  std::shared_ptr<void> Subscribe(std::string_view stream, std::function<void()> notice);

  std::string epoch() const;
  void set_epoch(std::string epoch);

 private:
  struct Subscriber;
  using Subscribers = std::multimap<std::string, std::weak_ptr<Subscriber>, std::less<>>;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int64_t, std::less<>> heads_;
  std::string epoch_;
  Subscribers subscribers_;
  bool closed_ = false;
};

}  // namespace tongjian::store
