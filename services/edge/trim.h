// What the gateway's own streams may forget.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/store/database.h"

namespace tongjian::edge {

// Removes what was recorded in the stream before `before`, at most some ten thousand events at once.
absl::Status TrimStream(store::Database& database, std::string_view stream, absl::Time before);

// The same of the stream "audit", as far as the hub has taken it: the rest stays, however old.
absl::Status TrimTrail(store::Database& database, absl::Time before);

}  // namespace tongjian::edge
