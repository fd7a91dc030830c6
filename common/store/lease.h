// The right to be the only one who does something, for a while.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"

namespace tongjian::store {

// A grant. `fence` is higher for every later grant of the same name.
struct Lease {
  std::string name;
  std::string holder;
  int64_t fence = 0;
};

// Times only decide when another may try; that nobody acts on a lost lease is ensured by CheckLease
// in the transaction of the act. A lease dated more than kLeaseSkewMax in the future (the clock was
// set back) counts as expired.
inline constexpr absl::Duration kLeaseSkewMax = absl::Minutes(5);

// Grants `name` to `holder` until `ttl` from the transaction's time, unless it is held (nothing).
absl::StatusOr<std::optional<Lease>> AcquireLease(Transaction& transaction, std::string_view name,
                                                  std::string_view holder, absl::Duration ttl);
// Prolongs. ABORTED when it was granted to another or released in between; an expired lease that
// nobody took is prolonged.
absl::Status RenewLease(Transaction& transaction, const Lease& lease, absl::Duration ttl);
// Gives it back; nothing happens when it is lost already.
absl::Status ReleaseLease(Transaction& transaction, const Lease& lease);
// ABORTED unless `lease` is still the newest grant; holds off others until the transaction ends.
absl::Status CheckLease(Transaction& transaction, const Lease& lease);

}  // namespace tongjian::store
