#include "services/edge/edge_senders.h"

#include "absl/strings/str_cat.h"
#include "common/telemetry/log.h"

namespace tongjian::edge {

absl::StatusOr<acquisition::Sender> EdgeSenders::Identify(const dicom::AssociationInfo& info) {
  return acquisition::Sender{devices_.FacilityOf(info.calling_ae), ""};
}

rpc::Trail EdgeSenders::TrailOf(const dicom::AssociationInfo& info, std::string_view operation) {
  return rpc::Trail(devices_.DeedOf(info, operation), clock_);
}

void EdgeSenders::Refused(const dicom::AssociationInfo& info, std::string_view operation,
                          const absl::Status& refusal) {
  const std::string what = absl::StrCat(std::string(operation), " refused: ",
                                        absl::StatusCodeToString(refusal.code()));
  if (!devices_.FirstOf(info.id, what)) return;
  telemetry::Log(telemetry::Level::kWarning, "dicom_refused",
                 {{"association", info.id},
                  {"peer", info.peer_address},
                  {"operation", operation},
                  {"error", refusal}});
  const absl::Status written = TrailOf(info, operation).Finish(audit_, refusal);
  if (written.ok()) return;
  devices_.Forget(info.id, what);
  telemetry::Log(telemetry::Level::kError, "refusal_not_audited", {{"error", written}});
}

}  // namespace tongjian::edge
