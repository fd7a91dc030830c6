// The rows of patients' decisions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/consent.h"

namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

// Numbers it behind the patient's own decisions before.
absl::Status InsertConsent(store::Transaction& tx, const Consent& consent);

// Those that count for the patient now, the newest 1000.
absl::StatusOr<std::vector<Consent>> ConsentsFor(store::Session& session,
                                                 std::string_view patient_id);

// Where a page ends: newest first.
struct ConsentPosition {
  int64_t recorded = INT64_MAX;  // Microseconds.
  std::string id;
};
absl::StatusOr<std::vector<Consent>> ListConsents(store::Session& session,
                                                  std::string_view patient_id,
                                                  const ConsentPosition& after, int64_t limit);

// Decisions that count for `source_id` count for `target_id` from now on.
absl::Status JoinConsents(store::Transaction& tx, std::string_view source_id,
                          std::string_view target_id);
// Decisions recorded on `patient_id` count for `current_id` again.
absl::Status ReturnConsents(store::Transaction& tx, std::string_view patient_id,
                            std::string_view current_id);

}  // namespace tongjian::registry
