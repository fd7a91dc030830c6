#include "services/imaging/dicom_peers.h"

#include "common/base/status.h"
#include "common/security/tls.h"
#include "common/telemetry/log.h"

namespace tongjian::imaging {
namespace {

absl::Status Stranger() {
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                     "unknown device");
}

security::Caller DeviceCaller(std::string_view facility_id, bool weak) {
  security::Caller caller;
  caller.kind = security::CallerKind::kMachine;
  caller.machine_role = security::MachineRole::kDevice;
  caller.facility_id = facility_id;
  caller.weak_identity = weak;
  return caller;
}

}  // namespace

absl::StatusOr<DicomPeer> DicomPeers::Identify(const dicom::AssociationInfo& info) const {
  DicomPeer peer;
  if (!info.peer_certificate_pem.empty()) {
    TJ_ASSIGN_OR_RETURN(const security::PeerIdentity identity,
                        security::ParsePeer(info.peer_certificate_pem));
    peer.facility_id = identity.facility_id;
    peer.device = places_.Recognize(info.calling_ae, info.peer_address, identity.facility_id);
    peer.caller = security::CallerOf(identity);
    return peer;
  }
  peer.device = places_.Recognize(info.calling_ae, info.peer_address, "");
  peer.facility_id = peer.device ? peer.device->facility_id : default_facility_;
  peer.caller = DeviceCaller(peer.facility_id, true);
  if (peer.facility_id.empty()) return Stranger();
  return peer;
}

absl::StatusOr<DicomPeer> DicomPeers::IdentifyReader(const dicom::AssociationInfo& info) const {
  TJ_ASSIGN_OR_RETURN(DicomPeer peer, Identify(info));
  if (!peer.device) return Stranger();
  return peer;
}

DicomPeers::Association& DicomPeers::Remember(const std::string& id) {
  const auto known = associations_.find(id);
  if (known != associations_.end()) return known->second;
  if (order_.size() >= kAssociationsMax) {
    associations_.erase(order_.front());
    order_.pop_front();
  }
  order_.push_back(id);
  return associations_[id];
}

std::shared_ptr<TouchLog> DicomPeers::LogOf(const dicom::AssociationInfo& info,
                                            const DicomPeer& peer) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<TouchLog>& log = Remember(info.id).log;
  if (log == nullptr)
    log = std::make_shared<TouchLog>(DeedOf(info, peer.caller, "C-STORE"), clock_);
  return log;
}

void DicomPeers::RecordRefusal(const dicom::AssociationInfo& info, std::string_view operation,
                               const absl::Status& refusal) {
  RecordRefusal(info, DeviceCaller("", true), operation, refusal);
}

void DicomPeers::RecordRefusal(const dicom::AssociationInfo& info, const security::Caller& caller,
                               std::string_view operation, const absl::Status& refusal) {
  {
    const std::lock_guard lock(mutex_);
    if (!Remember(info.id).refused.emplace(operation, refusal.code()).second) return;
  }
  telemetry::Log(telemetry::Level::kWarning, "dicom_refused",
                 {{"association", info.id},
                  {"peer", info.peer_address},
                  {"operation", operation},
                  {"error", refusal}});
  rpc::Trail trail(DeedOf(info, caller, operation), clock_);
  if (const absl::Status written = trail.Finish(sink_, refusal); !written.ok()) {
    telemetry::Log(telemetry::Level::kError, "refusal_not_audited", {{"error", written}});
  }
}

rpc::Trail DicomPeers::TrailOf(const dicom::AssociationInfo& info, const DicomPeer& peer,
                               std::string_view operation) const {
  return rpc::Trail(DeedOf(info, peer.caller, operation), clock_);
}

rpc::Deed DicomPeers::DeedOf(const dicom::AssociationInfo& info, const security::Caller& caller,
                             std::string_view operation) const {
  return {.source = rpc::Deed::Source::kDicom,
          .service = "imaging",
          .method = std::string(operation),
          .request_id = info.id,
          .peer = info.peer_address,
          .caller = caller};
}

}  // namespace tongjian::imaging
