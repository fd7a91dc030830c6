// C-FIND of the Patient Root and Study Root models, for the hub's workstations.
#pragma once

#include <string>

#include "common/dicom/service.h"
#include "services/imaging/dicom_peers.h"
#include "services/imaging/query.h"

namespace tongjian::imaging {

struct FindOptions {
  std::string retrieve_ae_title;  // Ours, for (0008,0054).
};

// Answers registered devices with what their facility may see, in the character set the device
// wants. Every match is in the trail before it is sent. Safe for concurrent use; what it is given
// must outlive it.
class StudyFind final : public dicom::FindHandler {
 public:
  StudyFind(DicomPeers& peers, const Queries& queries, FindOptions options)
      : peers_(peers), queries_(queries), options_(std::move(options)) {}

  absl::Status Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                    dicom::FindResponder& responder) override;

 private:
  absl::Status Answer(const dicom::AssociationInfo& info, const DicomPeer& peer,
                      const dicom::FindRequest& request, dicom::FindResponder& responder) const;

  DicomPeers& peers_;
  const Queries& queries_;
  const FindOptions options_;
};

// The level an identifier names. INVALID_ARGUMENT where its information model has none such: Study
// Root has no patients.
absl::StatusOr<QueryLevel> LevelOf(std::string_view sop_class_uid,
                                   const dicom::Dataset& identifier);

}  // namespace tongjian::imaging
