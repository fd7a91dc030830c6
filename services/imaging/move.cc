#include "services/imaging/move.h"

#include "common/base/status.h"
#include "common/telemetry/log.h"
#include "services/imaging/search_store.h"

namespace tongjian::imaging {
namespace {

void LogCounts(std::string_view event, const dicom::AssociationInfo& info,
               const dicom::MoveCounts& counts) {
  telemetry::Log(counts.failed > 0 ? telemetry::Level::kWarning : telemetry::Level::kInfo, event,
                 {{"association", info.id},
                  {"completed", counts.completed},
                  {"failed", counts.failed},
                  {"warning", counts.warning},
                  {"remaining", counts.remaining}});
}

}  // namespace

absl::StatusOr<dicom::MovePlan> StudyMove::Plan(const dicom::AssociationInfo& info,
                                                const dicom::MoveRequest& request) {
  const absl::StatusOr<DicomPeer> peer = peers_.IdentifyReader(info);
  if (!peer.ok()) {
    peers_.RecordRefusal(info, "C-MOVE", peer.status());
    return peer.status();
  }
  absl::StatusOr<dicom::MovePlan> plan = PlanFor(info, *peer, request);
  if (!plan.ok()) peers_.RecordRefusal(info, peer->caller, "C-MOVE", plan.status());
  return plan;
}

absl::StatusOr<dicom::MovePlan> StudyMove::PlanFor(const dicom::AssociationInfo& info,
                                                   const DicomPeer& peer,
                                                   const dicom::MoveRequest& request) const {
  const auto destination = places_.Destination(request.destination_ae, peer.facility_id);
  if (!destination) {
    return base::Error(absl::StatusCode::kNotFound, "DESTINATION_UNKNOWN", "",
                       "unknown move destination");
  }
  dicom::MovePlan plan;
  plan.destination = {destination->ae_title, destination->address,
                      static_cast<uint16_t>(destination->port)};
  TJ_ASSIGN_OR_RETURN(plan.objects,
                      retrieval_.ObjectsOf(info, peer, "C-MOVE", request.sop_class_uid,
                                           request.identifier));
  return plan;
}

void StudyMove::Moved(const dicom::AssociationInfo& info, const dicom::MoveRequest&,
                      const dicom::MoveCounts& counts) {
  LogCounts("dicom_moved", info, counts);
}

absl::StatusOr<std::vector<dicom::StoredObject>> StudyGet::Plan(const dicom::AssociationInfo& info,
                                                                const dicom::GetRequest& request) {
  const absl::StatusOr<DicomPeer> peer = peers_.IdentifyReader(info);
  if (!peer.ok()) {
    peers_.RecordRefusal(info, "C-GET", peer.status());
    return peer.status();
  }
  auto objects =
      retrieval_.ObjectsOf(info, *peer, "C-GET", request.sop_class_uid, request.identifier);
  if (!objects.ok()) peers_.RecordRefusal(info, peer->caller, "C-GET", objects.status());
  return objects;
}

std::vector<std::string> StudyGet::StoredSyntaxes(std::string_view sop_class_uid) {
  std::vector<std::string> syntaxes;
  const absl::Status read = database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(syntaxes, SyntaxesOfClass(session, sop_class_uid));
    return absl::OkStatus();
  });
  // It is a preference: without it the requester's own order stands.
  if (!read.ok()) telemetry::Log(telemetry::Level::kWarning, "syntaxes_unknown", {{"error", read}});
  return syntaxes;
}

void StudyGet::Got(const dicom::AssociationInfo& info, const dicom::MoveCounts& counts) {
  LogCounts("dicom_got", info, counts);
}

}  // namespace tongjian::imaging
