// The frame of every change that somebody asks for: once per request id, audited, in one transaction.
#pragma once

#include <functional>
#include <string>

#include "common/base/status.h"
#include "common/security/caller.h"
#include "common/security/scope.h"
#include "common/store/database.h"

namespace tongjian::rpc {
class Trail;
}

namespace tongjian::exchange {

// Who asks for a change, for whose rows, and under which request id. `fingerprint` is a hash of the request's content.
struct Asked {
  security::Caller caller;
  security::Scope scope;
  std::string method;
  std::string request_id;
  std::string fingerprint;
  rpc::Trail* trail = nullptr;
};

// The facility the caller belongs to, or for which it is forwarded.
const std::string& FacilityOf(const Asked& asked);

// PERMISSION_DENIED unless the caller may act for the facility.
absl::Status CheckFacility(const Asked& asked, const std::string& facility_id, std::string_view field);

// Runs `work`, which answers the id of what it has changed, and writes the trail with it. The same request answers the same id
// without running it.
absl::StatusOr<std::string> RunOnce(store::Database& database, const Asked& asked,
                                    const std::function<absl::StatusOr<std::string>(store::Transaction&)>& work);

}  // namespace tongjian::exchange
