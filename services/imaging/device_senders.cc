#include "services/imaging/device_senders.h"

#include "common/base/status.h"

namespace tongjian::imaging {

absl::StatusOr<acquisition::Sender> DeviceSenders::Identify(const dicom::AssociationInfo& info) {
  TJ_ASSIGN_OR_RETURN(const DicomPeer peer, peers_.Identify(info));
  return acquisition::Sender{peer.facility_id, peer.device ? peer.device->id : ""};
}

rpc::Trail DeviceSenders::TrailOf(const dicom::AssociationInfo& info, std::string_view operation) {
  const absl::StatusOr<DicomPeer> peer = peers_.Identify(info);
  return peers_.TrailOf(info, peer.ok() ? *peer : DicomPeer(), operation);
}

void DeviceSenders::Refused(const dicom::AssociationInfo& info, std::string_view operation,
                            const absl::Status& refusal) {
  const absl::StatusOr<DicomPeer> peer = peers_.Identify(info);
  if (!peer.ok()) return peers_.RecordRefusal(info, operation, refusal);
  peers_.RecordRefusal(info, peer->caller, operation, refusal);
}

}  // namespace tongjian::imaging
