// What a C-MOVE or C-GET is to send.
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/dicom/service.h"
#include "services/imaging/dicom_peers.h"
#include "services/imaging/query.h"

namespace tongjian::imaging {

struct RetrieveOptions {
  int64_t objects_max = 20000;  // In one C-MOVE or C-GET.
};

// Finds the objects an identifier names by the unique keys of its level and those above, as far as
// the peer's facility may see them. Safe for concurrent use; what it is given must outlive it.
class Retrieval {
 public:
  Retrieval(DicomPeers& peers, const Queries& queries, blob::Store& blobs, RetrieveOptions options)
      : peers_(peers), queries_(queries), blobs_(blobs), options_(options) {}

  // In the trail, as `operation`, once it returns. INVALID_ARGUMENT where the level's unique key is
  // missing or is none (wildcards are none), RESOURCE_EXHAUSTED for more objects than are sent at
  // once.
  absl::StatusOr<std::vector<dicom::StoredObject>> ObjectsOf(const dicom::AssociationInfo& info,
                                                             const DicomPeer& peer,
                                                             std::string_view operation,
                                                             std::string_view sop_class_uid,
                                                             const dicom::Dataset& identifier) const;

 private:
  dicom::StoredObject ObjectOf(const Instance& instance) const;

  DicomPeers& peers_;
  const Queries& queries_;
  blob::Store& blobs_;
  const RetrieveOptions options_;
};

}  // namespace tongjian::imaging
