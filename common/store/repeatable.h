// Changes that come again when they are lost.
#pragma once

#include <functional>

#include "absl/status/status.h"
#include "common/store/transaction.h"

namespace tongjian::store {

class Database;

// As Database::Write, for a change that comes again when it is lost: a follower's effect, with its
// cursor. OK means that it is done and seen; after power loss it may be undone, with all repeatable
// changes after it, unless a Write has returned since. What announces something is durable on
// return all the same: nobody may have heard of what is undone (such a change is run twice on
// SQLite).
absl::Status WriteRepeatable(Database& database,
                             const std::function<absl::Status(Transaction&)>& change);

// Whether others learn of the change: it has emitted an event or left a notice so far.
bool Announces(Transaction& transaction);

}  // namespace tongjian::store
