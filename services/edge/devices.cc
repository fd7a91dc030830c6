#include "services/edge/devices.h"

#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/security/tls.h"

namespace tongjian::edge {

absl::StatusOr<std::map<std::string, std::string>> Devices::ParseVillages(
    const std::vector<std::string>& villages) {
  std::map<std::string, std::string> parsed;
  for (const std::string& entry : villages) {
    const size_t at = entry.find('=');
    const std::string ae_title = entry.substr(0, at);
    const std::string facility_id = at == std::string::npos ? "" : entry.substr(at + 1);
    if (!dicom::ValidAeTitle(ae_title) || !security::CheckFacilityId(facility_id).ok()) {
      return base::InvalidField("edge.village-devices", "each is AE-TITLE=FACILITY-ID");
    }
    parsed[ae_title] = facility_id;
  }
  return parsed;
}

absl::StatusOr<std::set<std::string>> Devices::ParseUrgent(
    const std::vector<std::string>& urgent) {
  for (const std::string& ae_title : urgent) {
    if (!dicom::ValidAeTitle(ae_title)) {
      return base::InvalidField("edge.urgent-devices", "each is an AE title");
    }
  }
  return std::set<std::string>(urgent.begin(), urgent.end());
}

const std::string& Devices::FacilityOf(std::string_view ae_title) const {
  const auto village = villages_.find(std::string(ae_title));
  return village == villages_.end() ? facility_id_ : village->second;
}

rpc::Deed Devices::DeedOf(const dicom::AssociationInfo& info, std::string_view operation) const {
  rpc::Deed deed = {.source = rpc::Deed::Source::kDicom,
                    .service = "edge",
                    .method = std::string(operation),
                    .request_id = info.id,
                    .peer = info.peer_address};
  deed.caller.kind = security::CallerKind::kMachine;
  deed.caller.machine_role = security::MachineRole::kDevice;
  deed.caller.facility_id = FacilityOf(info.calling_ae);
  deed.caller.weak_identity = info.peer_certificate_pem.empty();
  return deed;
}

bool Devices::FirstOf(const std::string& association, const std::string& study_uid) {
  const std::lock_guard lock(mutex_);
  if (seen_.size() >= kRememberedMax) seen_.clear();
  return seen_.emplace(association, study_uid).second;
}

void Devices::Forget(const std::string& association, const std::string& study_uid) {
  const std::lock_guard lock(mutex_);
  seen_.erase({association, study_uid});
}

}  // namespace tongjian::edge
