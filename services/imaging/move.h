// C-MOVE for the hub's workstations: studies, or series and instances of one, to a device of the
// same facility.
#pragma once

#include "common/blob/store.h"
#include "common/dicom/service.h"
#include "common/store/database.h"
#include "services/imaging/dicom_peers.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

struct MoveOptions {
  int64_t objects_max = 20000;  // In one C-MOVE.
};

// Plans what the listener then sends, unchanged as it was stored. The plan is in the trail before
// it is given out. Safe for concurrent use; what it is given must outlive it.
class StudyMove final : public dicom::MoveHandler {
 public:
  StudyMove(DicomPeers& peers, const Places& places, store::Database& database, blob::Store& blobs,
            MoveOptions options)
      : peers_(peers), places_(places), database_(database), blobs_(blobs), options_(options) {}

  absl::StatusOr<dicom::MovePlan> Plan(const dicom::AssociationInfo& info,
                                       const dicom::MoveRequest& request) override;
  void Moved(const dicom::AssociationInfo& info, const dicom::MoveRequest& request,
             const dicom::MoveCounts& counts) override;

 private:
  absl::StatusOr<dicom::MovePlan> PlanFor(const dicom::AssociationInfo& info, const DicomPeer& peer,
                                          const dicom::MoveRequest& request) const;
  absl::StatusOr<std::vector<Study>> StudiesOf(const DicomPeer& peer,
                                               const dicom::Dataset& identifier) const;
  absl::Status AddObjects(const Study& study, const dicom::Dataset& identifier,
                          std::vector<dicom::StoredObject>& objects) const;

  DicomPeers& peers_;
  const Places& places_;
  store::Database& database_;
  blob::Store& blobs_;
  const MoveOptions options_;
};

}  // namespace tongjian::imaging
