#include "services/imaging/web_views.h"

#include "common/base/status.h"

namespace tongjian::imaging {
namespace {

constexpr absl::Duration kWindow = absl::Minutes(10);

}  // namespace

absl::Status WebViews::Record(rpc::Call& call, const Study& study) {
  const std::string key = security::Describe(call.caller()) + "\n" + call.trail().deed().peer +
                          "\n" + call.method() + "\n" + study.id;
  const absl::Duration now = call.clock().Elapsed();
  call.trail().TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                                    study.patient_id);
  call.trail().TouchObject(study.id);
  if (Covered(key, now)) {
    call.trail().Omit();
    return absl::OkStatus();
  }
  TJ_TRY(call.RecordNow());
  Keep(key, now);
  return absl::OkStatus();
}

bool WebViews::Covered(const std::string& key, absl::Duration now) {
  const std::lock_guard lock(mutex_);
  const auto found = views_.find(key);
  return found != views_.end() && now - found->second.since < kWindow;
}

void WebViews::Keep(const std::string& key, absl::Duration now) {
  const std::lock_guard lock(mutex_);
  if (const auto found = views_.find(key); found != views_.end()) {
    order_.erase(found->second.place);
    views_.erase(found);
  }
  if (views_.size() >= kKeptMax) {
    views_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(key);
  views_[key] = {now, std::prev(order_.end())};
}

}  // namespace tongjian::imaging
