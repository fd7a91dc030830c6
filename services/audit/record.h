// What an audit record says, for finding its entry.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "services/audit/chain.h"

namespace tongjian::audit {

// INVALID_ARGUMENT when the bytes are no tongjian.audit.v1.AuditRecord.
absl::StatusOr<EntryIndex> IndexOf(std::string_view record);

}  // namespace tongjian::audit
