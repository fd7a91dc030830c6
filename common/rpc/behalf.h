// How a gateway or a HIS says for whom it asks.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/security/caller.h"

namespace tongjian::rpc {

// The value of the metadata key "tongjian-on-behalf": key=value pairs joined by ';', values
// URL-escaped. A person:
//   facility=jinhua-f1;user=u17;practitioner=p4;roles=clinic_doctor,clinic_technician;purpose=TREATMENT
// or the clinic's HIS behind its gateway: facility=jinhua-f1;machine=his
// Only ids and role names; at most 1024 bytes.
std::string FormatBehalf(const security::Caller& caller);

// UNAUTHENTICATED when it is malformed, too long, of an unknown key, role or purpose, or without a
// facility and a user or machine. Whether the sender may say so is Identity's matter.
absl::StatusOr<security::Caller> ParseBehalf(std::string_view text);

}  // namespace tongjian::rpc
