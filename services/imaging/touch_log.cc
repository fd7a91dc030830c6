#include "services/imaging/touch_log.h"

namespace tongjian::imaging {

absl::Status TouchLog::WriteIn(store::Transaction& tx, const Stored& stored) {
  {
    const std::lock_guard lock(mutex_);
    if (studies_.contains(stored.study_id)) return absl::OkStatus();
  }
  rpc::Trail trail(deed_, clock_);
  trail.TouchFacilityPatient(stored.patient.facility_id, stored.patient.facility_patient_id,
                             stored.patient_id);
  trail.TouchObject(stored.study_id);
  return trail.WriteIn(tx);
}

void TouchLog::Done(const Stored& stored) {
  const std::lock_guard lock(mutex_);
  if (studies_.size() >= kStudiesMax) studies_.clear();
  studies_.insert(stored.study_id);
}

}  // namespace tongjian::imaging
