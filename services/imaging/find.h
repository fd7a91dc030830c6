// C-FIND at study level, Patient Root and Study Root, for the hub's workstations.
#pragma once

#include "common/dicom/service.h"
#include "common/security/scope.h"
#include "common/store/database.h"
#include "services/imaging/dicom_peers.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {

struct FindOptions {
  int64_t scanned_max = 20000;    // Studies looked at for one query; beyond, it is to be narrowed.
  std::string retrieve_ae_title;  // Ours, for (0008,0054).
};

// Answers registered devices with the studies their facility may see, in the character set the
// device wants. Names match folded, in Chinese as in Latin letters. Every match is in the trail
// before it is sent. Safe for concurrent use; what it is given must outlive it.
class StudyFind final : public dicom::FindHandler {
 public:
  StudyFind(DicomPeers& peers, store::Database& database, FindOptions options)
      : peers_(peers), database_(database), options_(std::move(options)) {}

  absl::Status Find(const dicom::AssociationInfo& info, const dicom::FindRequest& request,
                    dicom::FindResponder& responder) override;

 private:
  absl::Status Search(const dicom::AssociationInfo& info, const DicomPeer& peer,
                      const dicom::Dataset& query, StudyFilter filter,
                      dicom::FindResponder& responder, int64_t& scanned) const;

  DicomPeers& peers_;
  store::Database& database_;
  const FindOptions options_;
};

// A study as a C-FIND candidate.
dicom::Dataset CandidateOf(const Study& study);
// What of a query the database can answer; everything is compared once more by Matches.
// INVALID_ARGUMENT for a level that is not served or a key that is malformed.
absl::StatusOr<std::vector<StudyFilter>> FiltersOf(const dicom::Dataset& query);
bool MatchesStudy(const dicom::Dataset& query, const Study& study);

}  // namespace tongjian::imaging
