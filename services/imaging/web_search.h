// QIDO-RS: searches for studies, series and instances (PS3.18 10.6).
#pragma once

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/rpc/call.h"
#include "common/web/http.h"
#include "services/imaging/query.h"
#include "services/imaging/web_places.h"

namespace tongjian::imaging {

// Answers pages of DICOM JSON: `limit` (100 where the client names none, 1000 at most) from
// `offset`, with a warning where there is more. Attributes are named by tag or keyword, those of
// sequences with dots between. Names match as in C-FIND; fuzzymatching is not made, and the answer
// says so. Safe for concurrent use; what it is given must outlive it.
class WebSearch {
 public:
  WebSearch(const Queries& queries, blob::Store& blobs) : queries_(queries), blobs_(blobs) {}

  // `place`: what the address says beforehand. 204 where nothing matches; INVALID_ARGUMENT for a
  // parameter that is none; RESOURCE_EXHAUSTED for a search that is too broad.
  absl::StatusOr<web::Response> Search(rpc::Call& call, const web::Request& request,
                                       QueryLevel level, const WebPlace& place) const;

 private:
  absl::Status AddFromObject(const QueryMatch& match, const std::vector<dicom::Tag>& wanted,
                             dicom::Dataset& to) const;

  const Queries& queries_;
  blob::Store& blobs_;
};

}  // namespace tongjian::imaging
