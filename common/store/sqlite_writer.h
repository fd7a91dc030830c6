// The one thread that writes to an SQLite file. Internal to common/store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/connection.h"
#include "common/store/engine.h"
#include "common/store/outbox.h"

namespace tongjian::store {

// Takes the changes that wait into one transaction, a savepoint each, and answers all of them after
// its commit. Repeatable changes make batches of their own, without a sync, in turn with the
// others. Safe for concurrent use; `clock` and `heads` must outlive it.
class SqliteWriter {
 public:
  SqliteWriter(std::unique_ptr<Connection> connection, const DatabaseOptions& options,
               const base::Clock& clock, FeedHeads& heads);
  // Finishes what was queued.
  ~SqliteWriter();

  absl::Status Write(const Change& change, Sync sync);
  WriterStats stats() const;
  absl::Status health() const;

 private:
  // Waits on a mutex of its own: callers that are answered together would else wake only to stand
  // in line for the queue's.
  struct Waiting {
    void Answer();
    void Await();

    const Change* change;
    Sync sync;
    absl::Duration since;
    absl::Status result;
    std::vector<std::function<void()>> notices;
    std::mutex mutex;
    std::condition_variable answered;
    bool done = false;
  };
  using WaitingPtr =
      std::shared_ptr<Waiting>;  // Of the caller, and of the writer until it has answered.

  void Loop();
  void RunBatch();
  std::deque<WaitingPtr>& QueueOf(Sync sync) { return sync == Sync::kNow ? queue_ : repeatable_; }
  // What the next batch is of.
  Sync Choose();
  // Before a batch: whether its commit syncs.
  absl::Status Prepare(Sync sync);
  // The next change, if it may still join a batch of `size` changes that began at `began`.
  WaitingPtr Next(Sync sync, size_t size, absl::Duration began);
  // False: it announces something and was undone; it belongs in the other queue.
  bool RunOne(Waiting& waiting, Sync sync, BatchPositions& positions);
  void Requeue(const WaitingPtr& waiting);
  absl::Status RunInSavepoint(Transaction& transaction, const Waiting& waiting, Sync sync,
                              BatchPositions& positions);
  absl::Status Commit(BatchPositions& positions);
  void Answer(const std::vector<WaitingPtr>& batch, const absl::Status& outcome);
  void NoteFailure();

  const std::unique_ptr<Connection> connection_;
  const base::Clock& clock_;
  FeedHeads& heads_;
  const size_t queued_max_;
  const size_t batch_max_;
  const absl::Duration batch_time_max_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<WaitingPtr> queue_;
  std::deque<WaitingPtr> repeatable_;
  int64_t changes_ = 0;
  int64_t batches_ = 0;
  Sync last_ = Sync::kNow;        // The batch before this one; the writer's thread alone.
  std::optional<Sync> prepared_;  // The same.
  bool stopping_ = false;
  bool failed_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace tongjian::store
