#include "common/store/repeatable.h"

#include <utility>

#include "common/store/database.h"
#include "common/store/engine.h"

namespace tongjian::store {
namespace {

thread_local Sync wanted = Sync::kNow;

}  // namespace

Sync TakeWantedSync() { return std::exchange(wanted, Sync::kNow); }

absl::Status WriteRepeatable(Database& database,
                             const std::function<absl::Status(Transaction&)>& change) {
  wanted = Sync::kLater;
  return database.Write(change);
}

bool Announces(Transaction& transaction) {
  return !transaction.events().empty() || !transaction.notices().empty();
}

}  // namespace tongjian::store
