// Who may sign for whom: collects from the directory what entitlement.h decides on.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/registry/entitlement.h"

namespace tongjian::store {
class Session;
}

namespace tongjian::registry {

// NOT_FOUND when the practitioner or the facility is not there.
absl::StatusOr<Entitlement> CheckSigningRight(store::Session& session,
                                              const std::string& practitioner_id,
                                              const std::string& requesting_facility_id,
                                              Discipline discipline, absl::Time time);

}  // namespace tongjian::registry
