// What a database does differently on each backend. Internal to common/store.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/base/clock.h"
#include "common/store/database.h"
#include "common/store/feed_heads.h"

namespace tongjian::store {

using Change = std::function<absl::Status(Transaction&)>;
using Query = std::function<absl::Status(Session&)>;

// When a change is synced: before Write returns, or with the next one that is.
enum class Sync { kNow, kLater };

// What WriteRepeatable (repeatable.h) has asked of the Write that it calls on this thread; each
// time once.
Sync TakeWantedSync();

// Promises as in Database. Safe for concurrent use.
class Engine {
 public:
  virtual ~Engine() = default;
  virtual absl::Status Write(const Change& change, Sync sync) = 0;
  virtual absl::Status Read(const Query& query) = 0;
  virtual absl::Status Backup(const std::string& path) = 0;
  virtual WriterStats writer_stats() const = 0;
  virtual absl::Status health() const = 0;
  virtual bool is_postgres() const = 0;
};

// `heads` and `clock` must outlive the engine.
absl::StatusOr<std::unique_ptr<Engine>> OpenSqlite(const DatabaseOptions& options,
                                                   const std::string& path,
                                                   const base::Clock& clock, FeedHeads& heads);
absl::StatusOr<std::unique_ptr<Engine>> OpenPostgres(const DatabaseOptions& options,
                                                     const base::Clock& clock, FeedHeads& heads);

}  // namespace tongjian::store
