// What the gateway remembers of the hub's trail: how far its own records are in it, and signed heads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"
#include "tongjian/audit/v1/audit.pb.h"

namespace tongjian::edge {

// What is sent with the next records.
struct TrailKnown {
  std::string cursor;  // In the gateway's own stream "audit".
  std::optional<audit::v1::TrailPosition> position;
  std::optional<audit::v1::SignedHead> head;  // The highest that the hub has not contradicted.
};

absl::StatusOr<TrailKnown> ReadTrailKnown(store::Session& session);

// The hub has everything up to `cursor`, and has said this. An answer that says `rewound` sets the
// cursor back to the beginning; heads kept so far stay, but are not shown again.
absl::Status SaveTrailAnswer(store::Transaction& tx, const std::string& cursor,
                             const audit::v1::AppendRecordsResponse& answer, absl::Time now);

// Everything is to be delivered again: the cursor no longer means anything.
absl::Status ForgetTrailCursor(store::Transaction& tx);

// One kept head.
struct KeptHead {
  int64_t period = 0;  // Ten minutes, counted from 1970.
  audit::v1::SignedHead head;
};
// Newest first, of periods before `before` (0: from the newest), at most `limit`.
absl::StatusOr<std::vector<KeptHead>> ListTrailHeads(store::Session& session, int64_t before,
                                                     int64_t limit);

}  // namespace tongjian::edge
