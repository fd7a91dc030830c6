#include "common/store/sqlite_writer.h"

#include <algorithm>
#include <exception>
#include <iterator>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/store/driver_error.h"
#include "common/store/repeatable.h"

namespace tongjian::store {
namespace {

absl::Status Failed() {
  return base::Error(absl::StatusCode::kInternal, "INTERNAL", "",
                     "a write to the database's disk has failed: it accepts nothing until it is "
                     "opened anew");
}

}  // namespace

SqliteWriter::SqliteWriter(std::unique_ptr<Connection> connection, const DatabaseOptions& options,
                           const base::Clock& clock, FeedHeads& heads)
    : connection_(std::move(connection)),
      clock_(clock),
      heads_(heads),
      queued_max_(options.writes_queued_max),
      batch_max_(options.batch_max),
      batch_time_max_(options.batch_time_max),
      thread_([this] { Loop(); }) {}

SqliteWriter::~SqliteWriter() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_one();
  thread_.join();
}

absl::Status SqliteWriter::Write(const Change& change, Sync sync) {
  TJ_CHECK(std::this_thread::get_id() != thread_.get_id());  // it would wait for itself
  const auto waiting = std::make_shared<Waiting>();
  waiting->change = &change;
  waiting->sync = sync;
  waiting->since = clock_.Elapsed();
  {
    const std::lock_guard lock(mutex_);
    if (failed_) return Failed();
    if (queue_.size() + repeatable_.size() >= queued_max_) {
      return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                         "too many changes wait for the database");
    }
    QueueOf(sync).push_back(waiting);
    if (queue_.size() + repeatable_.size() == 1) arrived_.notify_one();
  }
  waiting->Await();
  return waiting->result;
}

void SqliteWriter::Waiting::Await() {
  std::unique_lock lock(mutex);
  answered.wait(lock, [this] { return done; });
}

void SqliteWriter::Waiting::Answer() {
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  answered.notify_one();
}

WriterStats SqliteWriter::stats() const {
  std::lock_guard lock(mutex_);
  WriterStats stats;
  stats.queued = static_cast<int64_t>(queue_.size() + repeatable_.size());
  for (const auto* queue : {&queue_, &repeatable_}) {
    if (queue->empty()) continue;
    stats.oldest_waiting = std::max(stats.oldest_waiting, clock_.Elapsed() - queue->front()->since);
  }
  stats.changes = changes_;
  stats.batches = batches_;
  stats.failed = failed_;
  return stats;
}

absl::Status SqliteWriter::health() const {
  std::lock_guard lock(mutex_);
  return failed_ ? Failed() : absl::OkStatus();
}

void SqliteWriter::Loop() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [&] { return stopping_ || !queue_.empty() || !repeatable_.empty(); });
      if (queue_.empty() && repeatable_.empty()) return;
    }
    RunBatch();
  }
}

Sync SqliteWriter::Choose() {
  const std::lock_guard lock(mutex_);
  if (queue_.empty() || repeatable_.empty())
    return last_ = queue_.empty() ? Sync::kLater : Sync::kNow;
  return last_ = last_ == Sync::kNow ? Sync::kLater : Sync::kNow;
}

// In write-ahead mode NORMAL leaves the commit to the next sync: what is lost then is the end of
// the log, never something before what stays.
absl::Status SqliteWriter::Prepare(Sync sync) {
  TJ_TRY(health());
  if (prepared_ != sync) {
    TJ_TRY(connection_->Script(sync == Sync::kNow ? "pragma synchronous = full"
                                                  : "pragma synchronous = normal"));
    prepared_ = sync;
  }
  return connection_->Do("begin immediate");
}

SqliteWriter::WaitingPtr SqliteWriter::Next(Sync sync, size_t size, absl::Duration began) {
  if (size >= batch_max_ || clock_.Elapsed() - began > batch_time_max_) return nullptr;
  std::lock_guard lock(mutex_);
  std::deque<WaitingPtr>& queue = QueueOf(sync);
  if (queue.empty()) return nullptr;
  WaitingPtr next = std::move(queue.front());
  queue.pop_front();
  return next;
}

void SqliteWriter::Requeue(const WaitingPtr& waiting) {
  waiting->sync = Sync::kNow;
  const std::lock_guard lock(mutex_);
  queue_.push_back(waiting);
}

void SqliteWriter::RunBatch() {
  const absl::Duration began = clock_.Elapsed();
  const Sync sync = Choose();
  std::vector<WaitingPtr> batch;
  connection_->ClearFailure();
  absl::Status outcome = Prepare(sync);
  BatchPositions positions(*connection_);
  while (const WaitingPtr waiting = Next(sync, batch.size(), began)) {
    if (outcome.ok() && !RunOne(*waiting, sync, positions)) {
      Requeue(waiting);
      continue;
    }
    batch.push_back(waiting);
    // Some failures (a full disk) end the whole transaction, and with it what the others of the
    // batch did.
    if (outcome.ok() && !connection_->in_transaction()) {
      outcome = waiting->result;
      break;
    }
  }
  if (outcome.ok()) outcome = health();
  if (outcome.ok()) outcome = Commit(positions);
  if (!outcome.ok() && connection_->in_transaction()) {
    connection_->Script("rollback").IgnoreError();  // The first failure is the one to report.
  }
  Answer(batch, outcome);
  if (!outcome.ok()) return;
  for (const auto& [stream, position] : positions.heads()) heads_.Advance(stream, position);
}

absl::Status SqliteWriter::Commit(BatchPositions& positions) {
  absl::Status status = positions.Store();
  if (status.ok()) status = connection_->Do("commit");
  if (!status.ok()) NoteFailure();
  return status;
}

bool SqliteWriter::RunOne(Waiting& waiting, Sync sync, BatchPositions& positions) {
  connection_->ClearFailure();
  Transaction transaction(*connection_, clock_.Now());
  waiting.result = connection_->Do("savepoint change");
  if (waiting.result.ok()) waiting.result = RunInSavepoint(transaction, waiting, sync, positions);
  if (!waiting.result.ok()) NoteFailure();
  if (!connection_->in_transaction()) {
    if (waiting.result.ok()) waiting.result = Failed();
    return true;
  }
  const bool again = waiting.result.ok() && sync == Sync::kLater && Announces(transaction);
  if (waiting.result.ok() && !again) {
    waiting.notices = std::move(transaction.notices());
    return true;
  }
  connection_->ClearFailure();
  absl::Status undone = connection_->Script("rollback to change; release change");
  if (!undone.ok()) waiting.result = undone;
  return !(again && undone.ok());
}

absl::Status SqliteWriter::RunInSavepoint(Transaction& transaction, const Waiting& waiting,
                                          Sync sync, BatchPositions& positions) {
  try {
    TJ_TRY((*waiting.change)(transaction));
  } catch (const std::exception&) {
    return base::Error(absl::StatusCode::kInternal, "INTERNAL", "", "a change ended unexpectedly");
  }
  TJ_TRY(connection_->failure());
  if (sync == Sync::kLater && Announces(transaction)) return absl::OkStatus();  // Undone next.
  TJ_TRY(positions.Insert(transaction));
  return connection_->Do("release change");
}

void SqliteWriter::NoteFailure() {
  if (!IsFatalSqlite(connection_->sqlite_code())) return;
  std::lock_guard lock(mutex_);
  failed_ = true;
}

void SqliteWriter::Answer(const std::vector<WaitingPtr>& batch, const absl::Status& outcome) {
  std::vector<std::function<void()>> notices;
  {
    std::lock_guard lock(mutex_);
    ++batches_;
    for (const WaitingPtr& waiting : batch) {
      // A change that failed by itself keeps its own answer.
      if (waiting->result.ok() && !outcome.ok()) waiting->result = outcome;
      if (waiting->result.ok()) {
        ++changes_;
        std::move(waiting->notices.begin(), waiting->notices.end(), std::back_inserter(notices));
      }
    }
  }
  for (const WaitingPtr& waiting : batch) waiting->Answer();
  for (const auto& notice : notices) notice();
}

}  // namespace tongjian::store
