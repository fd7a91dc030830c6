// The frame of every change that somebody asks for: once per request id, audited, in one transaction.
#pragma once

#include <functional>
#include <string>

#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/reading/people.h"
#include "services/reading/report.h"
#include "services/reading/task.h"

namespace tongjian::rpc {
class Trail;
}

namespace tongjian::reading {

// Who asks, for whose rows, under which request id. `fingerprint` is a hash of the request's content.
struct Asked {
  Reader reader;
  std::string caller;  // As the trail describes it.
  security::Scope scope = security::Scope::Nothing();
  std::string method;
  std::string request_id;
  std::string fingerprint;
  rpc::Trail* trail = nullptr;  // Null in tests of the rules alone.
};

// Marks what is touched in the trail.
void Touch(rpc::Trail* trail, const Task& task);
void Touch(rpc::Trail* trail, const Report& report);

// Only a person of the registry reads. PERMISSION_DENIED.
absl::Status CheckReader(const Reader& reader);

// Runs `work` once per request id; it answers the id of what it changed, which is answered again to the same request.
using Work = std::function<absl::StatusOr<std::string>(store::Transaction&)>;
absl::StatusOr<std::string> RunOnce(store::Database& database, const Asked& asked, const Work& work);

}  // namespace tongjian::reading
