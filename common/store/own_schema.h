// The store's own tables, and what every database needs before its first use. Internal to
// common/store.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/connection.h"
#include "common/store/feed_heads.h"
#include "common/store/migration.h"

namespace tongjian::store {

struct DatabaseOptions;

// The migrations of common/store, beside the service's own in each database. Tables are named
// store_*.
std::vector<Migration> OwnMigrations(Dialect dialect);

// In one transaction: the store's migrations, the service's, and the feed's epoch. One process at a
// time.
absl::Status PrepareSchema(Connection& connection, const DatabaseOptions& options, absl::Time now);

// Reads the epoch and how far each stream is into `heads`.
absl::Status LoadHeads(Connection& connection, FeedHeads& heads);

}  // namespace tongjian::store
