// The rows of one-time codes.
#pragma once

#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/enrollment.h"

namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

absl::StatusOr<std::optional<EnrollmentCode>> FindCode(store::Session& session,
                                                       std::string_view hash);

// Adds it, and forgets codes that expired a month ago (a few at a time).
absl::Status InsertCode(store::Transaction& tx, const EnrollmentCode& code);

// Marks it as used by this signing request. UNAUTHENTICATED (ENROLLMENT_CODE) when another request
// was first.
absl::Status UseCode(store::Transaction& tx, std::string_view hash,
                     std::string_view request_digest);

}  // namespace tongjian::registry
