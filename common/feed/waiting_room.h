// Where calls wait for news without holding a thread. Internal to common/feed.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::feed {

class WaitingRoom;

// What can be waited for; its version rises with every piece of news.
class Topic {
 private:
  friend class WaitingRoom;
  uint64_t version_ = 0;
  std::set<class Visitor*> waiting_;
  absl::Time woken_ = absl::InfinitePast();
  absl::Duration rest_;  // After `woken_`.
  bool wake_due_ = false;
};

// A call. Run is called on one thread of the room at a time; it ends by WaitingRoom::Wait, by
// something that will lead to Enqueue, or by being over (then the visitor must not be touched again
// by the room's callers).
class Visitor {
 public:
  virtual ~Visitor() = default;
  virtual void Run() = 0;

 private:
  friend class WaitingRoom;
  enum class Place { kNowhere, kQueue, kTopic };
  Place place_ = Place::kNowhere;
  Topic* topic_ = nullptr;
  absl::Time until_;
  bool called_ = false;  // Called up while it ran: it goes to the queue instead of waiting.
};

// After waking a topic's visitors the room lets this pass before it wakes them again: news in a
// burst wakes a hundred gateways fifty times a second and not for each event. While it goes on the
// rest doubles up to the longest: what comes together is read, applied and written together.
inline constexpr absl::Duration kWakeRest = absl::Milliseconds(20);
inline constexpr absl::Duration kWakeRestMax = absl::Milliseconds(80);

// Some threads and all that wait. Safe for concurrent use; topics and visitors must outlive their
// stay.
class WaitingRoom {
 public:
  explicit WaitingRoom(int threads);
  ~WaitingRoom();  // Closes; no visitor may be left.

  // Runs the visitor soon.
  void Enqueue(Visitor& visitor);
  // Read it before looking for news, give it to Wait after finding none: what came in between is
  // not missed.
  uint64_t VersionOf(const Topic& topic) const;
  // From Run: run again when the topic has news after `version`, at `until` (machine's clock), on
  // CallUp or on Close.
  void Wait(Visitor& visitor, Topic& topic, uint64_t version, absl::Time until);
  // News. Quick, never blocks on visitors: fit for a store's notice.
  void Announce(Topic& topic);
  // Run this one now (it was cancelled).
  void CallUp(Visitor& visitor);

  // From now on waiting ends at once.
  void Close();
  bool closed() const;

 private:
  void Work();
  void EnqueueLocked(Visitor& visitor);
  void WakeLocked(Topic& topic, absl::Time now);
  void WakeLaterLocked(Topic& topic);
  // Enqueues what is due; returns when the next is.
  absl::Time TakeDueLocked();

  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<Visitor*> queue_;
  std::multimap<absl::Time, Visitor*> timers_;
  std::multimap<absl::Time, Topic*> wakes_;
  bool closed_ = false;
  bool ended_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tongjian::feed
