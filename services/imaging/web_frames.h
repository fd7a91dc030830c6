// WADO-RS: frames and bulk data, as they are stored (PS3.18 10.4.1.1.3, 10.4.1.1.5).
#pragma once

#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/dicom/frames.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "common/web/http.h"
#include "services/imaging/web_accept.h"
#include "services/imaging/web_places.h"
#include "services/imaging/web_views.h"

namespace tongjian::imaging {

// Frame indexes of objects that were looked at lately: a viewer asks for one frame at a time, and
// finding the frames of a slide means walking through all of it. Safe for concurrent use.
class FrameIndexes {
 public:
  // Errors as dicom::IndexFrames.
  absl::StatusOr<std::shared_ptr<const dicom::FrameIndex>> Of(const std::string& locator,
                                                              blob::Reader& reader);

 private:
  static constexpr size_t kPiecesMax = 2'000'000;  // Of all, some 48 MB.
  struct Kept {
    std::shared_ptr<const dicom::FrameIndex> index;
    std::list<std::string>::iterator place;
  };
  void Keep(const std::string& locator, std::shared_ptr<const dicom::FrameIndex> index);

  std::mutex mutex_;
  std::list<std::string> order_;  // The least lately used first.
  std::map<std::string, Kept> kept_;
  size_t pieces_ = 0;
};

// Streams; safe for concurrent use; what it is given must outlive it.
class WebFrames {
 public:
  WebFrames(store::Database& database, blob::Store& blobs, WebViews& views)
      : database_(database), blobs_(blobs), views_(views) {}

  // `list`: "1,4,5", from 1. 404 for a frame that is not there, 406 for a form it is not stored in.
  absl::StatusOr<web::Response> Frames(const std::shared_ptr<rpc::Call>& call,
                                       const web::Request& request, const WebPlace& place,
                                       std::string_view list);
  // `path`: what stands behind "bulkdata/" in a BulkDataURI of ours.
  absl::StatusOr<web::Response> Bulk(const std::shared_ptr<rpc::Call>& call,
                                     const web::Request& request, const WebPlace& place,
                                     std::string_view path);

 private:
  struct Open {
    Instance instance;
    std::shared_ptr<blob::Reader> reader;
  };
  absl::StatusOr<Open> OpenAt(rpc::Call& call, const WebPlace& place);
  absl::StatusOr<web::Response> SendFrames(const Open& open,
                                           std::shared_ptr<const dicom::FrameIndex> index,
                                           const std::vector<int64_t>& numbers,
                                           const WebShape& shape);

  store::Database& database_;
  blob::Store& blobs_;
  WebViews& views_;
  FrameIndexes indexes_;
};

}  // namespace tongjian::imaging
