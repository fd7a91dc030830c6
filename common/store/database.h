// One service's records: SQLite in a file, or a schema of a PostgreSQL server.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/store/migration.h"
#include "common/store/session.h"
#include "common/store/transaction.h"

namespace tongjian::store {

class Engine;
class Feed;
class FeedHeads;

struct DatabaseOptions {
  // "sqlite:/path/orders.db" or a libpq URL, "postgresql://host/database?user=...".
  std::string url;
  // The service: names the PostgreSQL schema and the component in schema_migration.
  // [a-z][a-z0-9_]{0,30}.
  std::string name;
  std::vector<Migration> migrations;
  // Changes that may wait for the SQLite writer; one more is refused with RESOURCE_EXHAUSTED.
  int writes_queued_max = 4096;
  // Changes that share one commit, and how long the first of them waits for the others to run.
  int batch_max = 256;
  absl::Duration batch_time_max = absl::Milliseconds(50);
  // SQLite: connections for reading. PostgreSQL: connections in all.
  int readers = 4;
  int connections = 8;
  // How often events written by other processes are looked for (PostgreSQL only).
  absl::Duration feed_poll = absl::Milliseconds(100);
};

// How the writer is doing, for metrics.
struct WriterStats {
  int64_t queued = 0;             // changes waiting now
  absl::Duration oldest_waiting;  // age of the first of them
  int64_t changes = 0;            // committed since opening
  int64_t batches = 0;            // commits since opening
  bool failed = false;            // refuses writes until reopened
};

// Safe for concurrent use; `clock` must outlive it. It must outlive everything made from it, and no
// call may be in flight when it is destroyed.
class Database {
 public:
  // Opens or creates the database and applies migrations. INVALID_ARGUMENT for a URL it cannot
  // read, FAILED_PRECONDITION when a past migration was changed, UNAVAILABLE when the server cannot
  // be reached.
  static absl::StatusOr<std::unique_ptr<Database>> Open(const DatabaseOptions& options,
                                                        const base::Clock& clock);
  ~Database();

  // Runs `change` in a transaction; OK means that it is durable. A status other than OK from
  // `change` undoes it and is returned. On SQLite `change` runs on the writer's thread, in one
  // transaction with the changes of other callers (each can fail alone). On PostgreSQL it runs
  // serializable and again when it collides with another: it may run more than once, so it must
  // have no effect but through its transaction. Keep it short: it holds up other writers.
  // RESOURCE_EXHAUSTED when the queue or the disk is full, UNAVAILABLE when the server is away (if
  // it went away during the commit the outcome is unknown: ask again with the same request id),
  // INTERNAL once a write to disk has failed: that is final, nothing is accepted until the database
  // is opened anew. Neither Write nor Read may be called on the same database inside a change or a
  // query: checked.
  absl::Status Write(const std::function<absl::Status(Transaction&)>& change);

  // Runs `query` on one snapshot; returns its status. The snapshot ends with the call. It runs once
  // more when the server's connection turns out to be dead.
  absl::Status Read(const std::function<absl::Status(Session&)>& query);

  Feed& feed();
  const base::Clock& clock() const { return clock_; }
  const std::string& name() const { return name_; }
  bool is_postgres() const;
  WriterStats writer_stats() const;
  // OK while writes are accepted.
  absl::Status health() const;

  // Writes a consistent copy of the running database to the new file `path`, durable on return.
  // ALREADY_EXISTS when there is one; UNIMPLEMENTED on PostgreSQL, which has its own tools.
  absl::Status Backup(const std::string& path);

  // To be called once on a database that was restored from a backup: readers of its feed then learn
  // (CURSOR_FOREIGN) that positions may name other events than before.
  absl::Status StartNewEpoch();

 private:
  Database(std::string name, const base::Clock& clock, std::unique_ptr<FeedHeads> heads,
           std::unique_ptr<Engine> engine);

  const std::string name_;
  const base::Clock& clock_;
  const std::unique_ptr<FeedHeads> heads_;  // outlives the engine, whose threads use it
  const std::unique_ptr<Engine> engine_;
  const std::unique_ptr<Feed> feed_;
};

}  // namespace tongjian::store
