#include "services/reading/changes.h"

#include "common/rpc/trail.h"
#include "common/store/idempotency.h"

namespace tongjian::reading {
namespace {

void TouchPatient(rpc::Trail* trail, const Patient& patient) {
  trail->TouchFacilityPatient(patient.facility_id, patient.facility_patient_id, patient.patient_id);
}

}  // namespace

void Touch(rpc::Trail* trail, const Task& task) {
  if (trail == nullptr) return;
  trail->TouchObject(task.id);
  TouchPatient(trail, task.patient);
}

void Touch(rpc::Trail* trail, const Report& report) {
  if (trail == nullptr) return;
  trail->TouchObject(report.id);
  TouchPatient(trail, report.patient);
}

absl::Status CheckReader(const Reader& reader) {
  if (!reader.practitioner_id.empty()) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                     "only a person with a practitioner in the registry reads");
}

absl::StatusOr<std::string> RunOnce(store::Database& database, const Asked& asked, const Work& work) {
  if (asked.request_id.empty() || asked.request_id.size() > 64) {
    return base::InvalidField("request_id", "a request id has 1 to 64 characters");
  }
  const store::RequestKey key = {asked.caller, asked.method, asked.request_id, asked.fingerprint};
  std::string id;
  TJ_TRY(database.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(id, store::Once(tx, key, [&]() -> absl::StatusOr<std::string> {
                          TJ_ASSIGN_OR_RETURN(const std::string changed, work(tx));
                          if (asked.trail != nullptr) TJ_TRY(asked.trail->WriteIn(tx));
                          return changed;
                        }));
    return absl::OkStatus();
  }));
  return id;
}

}  // namespace tongjian::reading
