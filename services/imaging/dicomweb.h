// DICOMweb: the routes under /dicom-web, each through the one door.
#pragma once

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/blob/store.h"
#include "common/rpc/gate.h"
#include "common/store/database.h"
#include "common/web/door.h"
#include "common/web/server.h"
#include "services/imaging/ingest.h"
#include "services/imaging/web_frames.h"
#include "services/imaging/web_retrieve.h"
#include "services/imaging/web_search.h"
#include "services/imaging/web_store.h"
#include "services/imaging/web_views.h"

namespace tongjian::imaging {

// Safe for concurrent use; what it is given must outlive it, and it the server it is routed on.
class DicomWeb {
 public:
  DicomWeb(store::Database& database, blob::Store& blobs, const Queries& queries, Ingest& ingest,
           const base::Clock& clock, const rpc::Door& door, WebStoreOptions options)
      : door_(door),
        retrieve_(database, blobs, views_),
        frames_(database, blobs, views_),
        store_(blobs, ingest, clock, options),
        search_(queries, blobs) {}

  // The rules of what is asked here, for the gate of the door.
  static absl::Status RegisterRules(rpc::Gate& gate);
  void RouteOn(web::Server& server);

 private:
  using Answer = absl::StatusOr<web::Response>;
  using CallRef = const std::shared_ptr<rpc::Call>&;
  void RouteObjects(web::Server& server);
  void RouteStore(web::Server& server);
  void RouteSearch(web::Server& server);
  // One route: `answer` runs behind the door of `rule`.
  template <class Work>
  void Route(web::Server& server, std::string_view method, std::string_view pattern,
             const char* rule, Work work);

  const web::HttpDoor door_;
  WebViews views_;
  WebRetrieve retrieve_;
  WebFrames frames_;
  WebStore store_;
  WebSearch search_;
};

}  // namespace tongjian::imaging
