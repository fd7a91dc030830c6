#include "services/exchange/asked.h"

#include <utility>

#include "common/rpc/trail.h"
#include "common/store/idempotency.h"

namespace tongjian::exchange {
namespace {

// Request ids are a facility's own: its HIS may ask directly and through the gateway and mean the same.
store::RequestKey KeyOf(const Asked& asked) {
  const std::string& facility_id = FacilityOf(asked);
  return {.caller = facility_id.empty() ? security::Describe(asked.caller) : "facility:" + facility_id,
          .method = asked.method,
          .request_id = asked.request_id,
          .fingerprint = asked.fingerprint};
}

}  // namespace

const std::string& FacilityOf(const Asked& asked) { return security::Originator(asked.caller).facility_id; }

absl::Status CheckFacility(const Asked& asked, const std::string& facility_id, std::string_view field) {
  if (facility_id.empty()) return base::InvalidField(field, "missing");
  if (asked.scope.Contains(facility_id)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", field,
                     "the caller may not act for this facility");
}

absl::StatusOr<std::string> RunOnce(store::Database& database, const Asked& asked,
                                    const std::function<absl::StatusOr<std::string>(store::Transaction&)>& work) {
  std::string id;
  TJ_TRY(database.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(id, store::Once(tx, KeyOf(asked), [&]() -> absl::StatusOr<std::string> {
                          TJ_ASSIGN_OR_RETURN(std::string done, work(tx));
                          if (asked.trail != nullptr) TJ_TRY(asked.trail->WriteIn(tx));
                          return done;
                        }));
    return absl::OkStatus();
  }));
  return id;
}

}  // namespace tongjian::exchange
