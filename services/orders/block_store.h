// Blocks of accession numbers: one counter, so that no two blocks overlap.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

#include "common/base/status.h"
#include "common/store/database.h"
#include "common/store/transaction.h"
#include "services/orders/numbering.h"

namespace tongjian::orders {

// Takes the next `size` numbers of the counter for a facility's gateway, or for the hub itself
// (empty facility). RESOURCE_EXHAUSTED when the prefix has no more.
absl::StatusOr<AccessionBlock> LeaseBlock(store::Transaction& tx, const std::string& prefix,
                                          const std::string& facility_id, int64_t size);

// Stands as facility of the numbers that were left out after a restore: anybody may have had them.
inline constexpr char kLostLeases[] = "*";

// To be called before any number is given. Where the database came back from a backup (its feed has
// another epoch than when this was last called) the counters jump by `skip`: what was leased after
// the backup is never given again. The numbers left out become a block of kLostLeases. How many
// were left out; 0 in the usual case.
absl::StatusOr<int64_t> SkipLostLeases(store::Transaction& tx, int64_t skip);

// Whether the number lies in a block leased to that facility.
absl::StatusOr<bool> IsLeasedTo(store::Session& session, const std::string& prefix,
                                const std::string& facility_id, int64_t number);

// The hub's own numbers, out of blocks it leases itself: a number costs no query but at a block's
// end. Numbers of a block that was not used up at a restart are left out. Safe for concurrent use.
class OwnNumbers {
 public:
  OwnNumbers(std::string prefix, int64_t block_size)
      : prefix_(std::move(prefix)), block_size_(block_size) {}

  // Makes sure that Take has numbers, in a transaction of its own. Call it outside of one, before
  // Take.
  absl::Status Refill(store::Database& database);
  // The next number. RESOURCE_EXHAUSTED when Refill was not called in time; the caller tries again.
  absl::StatusOr<std::string> Take();

  const std::string& prefix() const { return prefix_; }

 private:
  const std::string prefix_;
  const int64_t block_size_;
  std::mutex refill_mutex_;
  std::mutex mutex_;
  int64_t next_ = 0;
  int64_t last_ = -1;
  AccessionBlock spare_;
};

}  // namespace tongjian::orders
