// Gives positions to events that several processes commit. Internal to common/store; PostgreSQL
// only.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/connection_pool.h"
#include "common/store/feed_heads.h"
#include "common/store/lease.h"

namespace tongjian::store {

// A thread that numbers committed events in the order of their insertion while its process holds
// the sequencer's lease, and otherwise looks how far the holder is. A number taken inside the
// transaction would lose events: 1 may commit after a reader has passed 2. Safe for concurrent use;
// `clock` and `heads` must outlive it.
class Sequencer {
 public:
  Sequencer(ConnectionPool::Factory connect, absl::Duration poll, const base::Clock& clock,
            FeedHeads& heads);
  // Gives the lease back.
  ~Sequencer();

  // Events were committed: number them now.
  void Wake();

 private:
  void Loop();
  // Numbers what is there, if this process may; true when there may be more.
  absl::StatusOr<bool> Turn();
  absl::StatusOr<bool> HoldLease();
  absl::StatusOr<bool> Number();
  void Recover(const absl::Status& failure);
  void Release();

  const ConnectionPool::Factory connect_;
  const absl::Duration poll_;
  const base::Clock& clock_;
  FeedHeads& heads_;
  const std::string holder_;

  // Of the thread alone.
  std::unique_ptr<Connection> connection_;
  std::optional<Lease> lease_;
  absl::Duration renewed_;

  std::mutex mutex_;
  std::condition_variable woken_;
  bool wake_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tongjian::store
