// Starting a hub with a community: the records of a file, through the same checks as a caller's.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "services/registry/communities.h"
#include "services/registry/facilities.h"

namespace tongjian::registry::v1 {
class RegistrySeed;
}
namespace tongjian::store {
class Database;
}

namespace tongjian::registry {

// Reads a file of registry.v1.RegistrySeed in JSON (deploy/community). NOT_FOUND when it is absent,
// INVALID_ARGUMENT saying where for one that is no such message; at most 16 MiB.
absl::StatusOr<v1::RegistrySeed> ReadSeed(const std::string& path);

// What seeds are loaded through. All outlive it.
struct SeedTarget {
  store::Database& database;
  const Directory& directory;
  const Facilities& facilities;
  const Communities& communities;
};

// Creates the records that are not there yet and leaves the others as they are, so that loading
// again, after a crash or at each start, changes nothing that people have changed since. The first
// record that is refused ends it, by name.
absl::Status LoadSeed(const SeedTarget& target, const v1::RegistrySeed& seed);

// The targets every hub starts with (turnaround_seed.h), in the same way.
absl::Status LoadDefaults(const SeedTarget& target);

}  // namespace tongjian::registry
