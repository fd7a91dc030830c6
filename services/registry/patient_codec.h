// Patients as the domain and as the contract write them.
#pragma once

#include "absl/status/statusor.h"
#include "services/registry/patients.h"

namespace tongjian::common::v1 {
class Identifier;
}
namespace tongjian::registry::v1 {
class Patient;
class ResolvePatientRequest;
}  // namespace tongjian::registry::v1

namespace tongjian::registry {

// As the scope may see it: numbers of facilities outside of it are left out.
v1::Patient Encode(const Patient& patient, const security::Scope& scope);

PatientIdentifier Decode(const common::v1::Identifier& identifier);

// What a caller may say of a patient in an update. INVALID_ARGUMENT without an etag.
absl::StatusOr<Patient> Decode(const v1::Patient& patient);

Statement Decode(const v1::ResolvePatientRequest& request);

}  // namespace tongjian::registry
