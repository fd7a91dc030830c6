// One-time codes that bring a machine its first certificate.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::registry {

struct EnrollmentCode {
  std::string hash;  // The code itself is shown once and kept nowhere.
  std::string facility_id;
  std::string role;  // "gateway", "his" or "peer".
  absl::Time expiry;
  std::string used_by;  // Digest of the signing request it was used for; empty while unused.
};

// A new code: 80 random bits in Crockford base 32, "k7p2-...": four groups of four to type at the
// clinic.
std::string NewEnrollmentCode();

// "sha256:..." of a code as a person may type it: case, spaces and '-' do not count, o is 0, i and
// l are 1. Plain hashing is enough: a code has 80 random bits.
std::string HashEnrollmentCode(std::string_view typed);

// Whether machines of that role enroll by code.
bool IsEnrollmentRole(std::string_view role);

// Whether `code` may serve the signing request with this digest at `now`: not expired, and unused
// or used by that very request. UNAUTHENTICATED (ENROLLMENT_CODE) otherwise.
absl::Status CheckUse(const EnrollmentCode& code, std::string_view request_digest, absl::Time now);

// The error of a code that is unknown, used or expired: one answer for all three.
absl::Status EnrollmentRefused();

}  // namespace tongjian::registry
