// Heads and entries in the contract's words.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/audit/chain.h"
#include "tongjian/audit/v1/audit.pb.h"

namespace tongjian::audit {

void Encode(const Head& head, v1::SignedHead* out);
// INVALID_ARGUMENT when the signature is not base64.
absl::StatusOr<Head> Decode(const v1::SignedHead& head);

// DATA_LOSS when the stored record is no AuditRecord.
absl::Status Encode(const Link& link, v1::Entry* out);

}  // namespace tongjian::audit
