#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/connection_pool.h"
#include "common/store/driver_error.h"
#include "common/store/engine.h"
#include "common/store/outbox.h"
#include "common/store/own_schema.h"
#include "common/store/repeatable.h"
#include "common/store/sequencer.h"

namespace tongjian::store {
namespace {

// How often a change is run before a collision is reported; the pauses between grow to kPauseMax.
constexpr int kAttemptsMax = 30;
constexpr absl::Duration kPauseMax = absl::Milliseconds(50);

// `name` has been checked: it needs no quoting beyond this.
absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& url,
                                                    const std::string& name) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::OpenPostgres(url));
  TJ_TRY(connection->Script(absl::StrCat("set search_path to \"", name, "\"")));
  TJ_TRY(connection->Script("set synchronous_commit to on"));
  TJ_TRY(connection->Script("set lock_timeout to '10s'"));
  TJ_TRY(connection->Script("set idle_in_transaction_session_timeout to '60s'"));
  return connection;
}

void Pause(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const absl::Duration longest =
      std::min(kPauseMax, absl::Milliseconds(1) * (1 << std::min(attempt, 10)));
  std::uniform_real_distribution<double> part(0, 1);
  std::this_thread::sleep_for(absl::ToChronoMicroseconds(longest * part(random)));
}

absl::Status Run(const Change& change, Transaction& transaction) {
  try {
    return change(transaction);
  } catch (const std::exception&) {
    return base::Error(absl::StatusCode::kInternal, "INTERNAL", "", "a change ended unexpectedly");
  }
}

// A pool of connections; each change is a transaction of its own.
class PostgresEngine : public Engine {
 public:
  PostgresEngine(const DatabaseOptions& options, const base::Clock& clock, FeedHeads& heads)
      : clock_(clock),
        pool_(options.connections, [=] { return Connect(options.url, options.name); }),
        sequencer_([=] { return Connect(options.url, options.name); }, options.feed_poll, clock,
                   heads) {}

  absl::Status Write(const Change& change, Sync sync) override {
    ++writing_;
    absl::Status status;
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
      if (attempt > 0) Pause(attempt);
      bool again = false;
      status = Attempt(change, sync, again);
      if (!again) break;
    }
    --writing_;
    if (status.ok()) ++changes_;
    return status;
  }

  absl::Status Read(const Query& query) override {
    bool again = false;
    absl::Status status = ReadOnce(query, again);
    if (again) status = ReadOnce(query, again);
    return status;
  }

  absl::Status Backup(const std::string&) override {
    return absl::UnimplementedError("a PostgreSQL database is backed up with its own tools");
  }

  WriterStats writer_stats() const override {
    WriterStats stats;
    stats.queued = writing_;
    stats.changes = stats.batches = changes_;
    return stats;
  }

  absl::Status health() const override { return absl::OkStatus(); }
  bool is_postgres() const override { return true; }

 private:
  // Runs the change once; `again` when it did nothing and may succeed the next time.
  absl::Status Attempt(const Change& change, Sync sync, bool& again) {
    TJ_ASSIGN_OR_RETURN(ConnectionPool::Lent connection, pool_.Take());
    connection->ClearFailure();
    Transaction transaction(*connection, clock_.Now());
    absl::Status status = connection->Script("begin isolation level serializable");
    if (status.ok()) status = Run(change, transaction);
    // A change that goes on after a failed statement would commit nothing and be told that it did.
    if (status.ok()) status = connection->failure();
    if (status.ok()) status = InsertUnsequenced(transaction);
    if (status.ok() && sync == Sync::kLater && !Announces(transaction))
      status = connection->Script("set local synchronous_commit to off");
    if (status.ok()) return Commit(connection, transaction, again);
    Undo(connection, again);
    return status;
  }

  absl::Status Commit(ConnectionPool::Lent& connection, Transaction& transaction, bool& again) {
    absl::Status status = connection->Script("commit");
    if (!status.ok()) {
      // With the connection gone nobody knows whether it was committed: the caller has to ask.
      again = connection->alive() && IsCollision(connection->sqlstate());
      connection.Discard();
      return status;
    }
    if (!transaction.events().empty()) sequencer_.Wake();
    for (const auto& notice : transaction.notices()) notice();
    return status;
  }

  void Undo(ConnectionPool::Lent& connection, bool& again) {
    const bool stale = IsStalePlan(connection->sqlstate());
    again = stale || IsCollision(connection->sqlstate()) || !connection->alive();
    if (!connection->alive()) pool_.CloseIdle();
    connection->ClearFailure();
    if (stale || !connection->Script("rollback").ok()) connection.Discard();
  }

  absl::Status ReadOnce(const Query& query, bool& again) {
    TJ_ASSIGN_OR_RETURN(ConnectionPool::Lent connection, pool_.Take());
    connection->ClearFailure();
    absl::Status status = connection->Script("begin isolation level repeatable read read only");
    if (status.ok()) {
      Session session(*connection);
      status = query(session);
    }
    Undo(connection, again);
    return status;
  }

  const base::Clock& clock_;
  std::atomic<int64_t> writing_ = 0;
  std::atomic<int64_t> changes_ = 0;
  ConnectionPool pool_;
  Sequencer sequencer_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> OpenPostgres(const DatabaseOptions& options,
                                                     const base::Clock& clock, FeedHeads& heads) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connect(options.url, options.name));
  TJ_TRY(connection->Script(absl::StrCat("create schema if not exists \"", options.name, "\"")));
  TJ_TRY(PrepareSchema(*connection, options, clock.Now()));
  TJ_TRY(LoadHeads(*connection, heads));
  return std::make_unique<PostgresEngine>(options, clock, heads);
}

}  // namespace tongjian::store
