#include "services/imaging/find.h"

#include <set>
#include <utility>

#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/security/scope.h"

namespace tongjian::imaging {
namespace {

namespace tags = dicom::tags;
namespace uids = dicom::uids;

bool IsStudyRoot(std::string_view sop_class_uid) {
  return sop_class_uid == uids::kStudyRootFind || sop_class_uid == uids::kStudyRootMove ||
         sop_class_uid == uids::kStudyRootGet;
}

}  // namespace

absl::StatusOr<QueryLevel> LevelOf(std::string_view sop_class_uid,
                                   const dicom::Dataset& identifier) {
  const auto level = ParseLevel(identifier.Text(tags::kQueryRetrieveLevel));
  if (level && !(*level == QueryLevel::kPatient && IsStudyRoot(sop_class_uid))) return *level;
  return base::InvalidField(dicom::TagText(tags::kQueryRetrieveLevel),
                            "(0008,0052) is no level of this information model");
}

absl::Status StudyFind::Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                             dicom::FindResponder& responder) {
  const absl::StatusOr<DicomPeer> peer = peers_.IdentifyReader(info);
  if (!peer.ok()) {
    peers_.RecordRefusal(info, "C-FIND", peer.status());
    return peer.status();
  }
  if (!peer->device->charset.empty())
    responder.SetCharset(dicom::CharacterSet(peer->device->charset));
  return Answer(info, *peer, request, responder);
}

absl::Status StudyFind::Answer(const dicom::AssociationInfo& info, const DicomPeer& peer,
                               const dicom::FindRequest& request,
                               dicom::FindResponder& responder) const {
  Query query;
  TJ_ASSIGN_OR_RETURN(query.level, LevelOf(request.sop_class_uid, request.identifier));
  query.keys = request.identifier;
  query.check = [&responder] { return responder.Check(); };
  const bool wants_availability = query.keys.Has(tags::kInstanceAvailability);
  std::set<std::string> recorded;
  return queries_.Run(
      security::Scope::Facilities({peer.facility_id}), query,
      [&](const std::vector<QueryMatch>& matches) -> absl::StatusOr<bool> {
        rpc::Trail trail = peers_.TrailOf(info, peer, "C-FIND");
        bool touched = false;
        for (const QueryMatch& match : matches) {
          const Study& study = *match.study;
          if (!recorded.insert(study.id).second) continue;
          trail.TouchFacilityPatient(study.facility_id, study.patient.facility_patient_id,
                                     study.patient_id);
          trail.TouchObject(study.id);
          touched = true;
        }
        if (touched) TJ_TRY(trail.Finish(peers_.sink(), absl::OkStatus()));
        for (const QueryMatch& match : matches) {
          dicom::Dataset answer = match.attributes;
          answer.Set(tags::kQueryRetrieveLevel, LevelName(query.level));
          answer.Set(tags::kRetrieveAeTitle, options_.retrieve_ae_title);
          if (wants_availability) answer.Set(tags::kInstanceAvailability, "ONLINE");
          TJ_TRY(responder.Send(answer));
        }
        return true;
      });
}

}  // namespace tongjian::imaging
