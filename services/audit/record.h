// What an audit record says, for finding its entry.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/audit/chain.h"

namespace tongjian::audit {

// INVALID_ARGUMENT when the bytes are no tongjian.audit.v1.AuditRecord. A record that a gateway
// delivered is found by that gateway's facility, and by its own time only where that is at most a
// year before its receipt: else by the receipt.
absl::StatusOr<EntryIndex> IndexOf(std::string_view record);

}  // namespace tongjian::audit
