// C-MOVE and C-GET for the hub's workstations.
#pragma once

#include <string>
#include <vector>

#include "common/dicom/service.h"
#include "common/store/database.h"
#include "services/imaging/dicom_peers.h"
#include "services/imaging/retrieve.h"

namespace tongjian::imaging {

// Plans what the listener then sends, unchanged as it was stored: to a device of the requester's
// own facility. The plan is in the trail before it is given out. Safe for concurrent use; what it
// is given must outlive it.
class StudyMove final : public dicom::MoveHandler {
 public:
  StudyMove(DicomPeers& peers, const Places& places, const Retrieval& retrieval)
      : peers_(peers), places_(places), retrieval_(retrieval) {}

  absl::StatusOr<dicom::MovePlan> Plan(const dicom::AssociationInfo& info,
                                       const dicom::MoveRequest& request) override;
  void Moved(const dicom::AssociationInfo& info, const dicom::MoveRequest& request,
             const dicom::MoveCounts& counts) override;

 private:
  absl::StatusOr<dicom::MovePlan> PlanFor(const dicom::AssociationInfo& info, const DicomPeer& peer,
                                          const dicom::MoveRequest& request) const;

  DicomPeers& peers_;
  const Places& places_;
  const Retrieval& retrieval_;
};

// The same to the requester itself, on its own association.
class StudyGet final : public dicom::GetHandler {
 public:
  StudyGet(DicomPeers& peers, store::Database& database, const Retrieval& retrieval)
      : peers_(peers), database_(database), retrieval_(retrieval) {}

  absl::StatusOr<std::vector<dicom::StoredObject>> Plan(const dicom::AssociationInfo& info,
                                                        const dicom::GetRequest& request) override;
  std::vector<std::string> StoredSyntaxes(std::string_view sop_class_uid) override;
  void Got(const dicom::AssociationInfo& info, const dicom::MoveCounts& counts) override;

 private:
  DicomPeers& peers_;
  store::Database& database_;
  const Retrieval& retrieval_;
};

}  // namespace tongjian::imaging
