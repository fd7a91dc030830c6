// What a patient decided on the use of the records.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::registry {

// The numbers are those of registry.v1.ConsentCoverage.
enum class Coverage { kNone = 0, kSharing = 1 };

// The numbers are those of registry.v1.ConsentDecision.
enum class Decision { kNone = 0, kGranted = 1, kRefused = 2, kWithdrawn = 3 };

// One decision; it is never changed.
struct Consent {
  std::string id;
  std::string patient_id;  // Whom it was recorded on.
  int64_t number = 0;      // 1, 2, 3 of that patient's.
  Coverage coverage = Coverage::kNone;
  Decision decision = Decision::kNone;
  std::string facility_id;  // Where.
  std::string practitioner_id;
  std::string practitioner_name;
  std::string recorded_by;  // The identity that the door has established.
  absl::Time recorded;
  absl::Time joined;  // Since when it counts for whom it counts: the last merge.
  std::string reason;
};

// INVALID_ARGUMENT unless coverage and decision are stated, the facility is named, the reason has at
// most 500 bytes and the names keep to their limits.
absl::Status CheckConsent(const Consent& consent);

// Whether sharing is refused for `patient_id`, by all decisions that count for it (its own and those
// of who was merged into it), in any order: by its own newest one, or by the newest one of anybody
// merged into it after the own newest one was recorded. So the strictest holds on a merge until the
// patient is asked again.
bool SharingRefused(std::string_view patient_id, const std::vector<Consent>& counting);

// Whether an agreement that could be taken back stands among them.
bool AnyGranted(const std::vector<Consent>& counting);

}  // namespace tongjian::registry
