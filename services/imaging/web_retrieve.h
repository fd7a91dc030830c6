// WADO-RS and WADO-URI: whole objects and metadata, as they are stored (PS3.18 10.4, 9.4).
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "common/web/http.h"
#include "services/imaging/web_places.h"
#include "services/imaging/web_views.h"

namespace tongjian::imaging {

// Where the service's resources are, as this client sees it: "https://host/dicom-web".
std::string WebRoot(const web::Request& request);

// Streams; one piece of one object is in memory. Safe for concurrent use; what it is given must
// outlive it. The answers' streams hold the call.
class WebRetrieve {
 public:
  WebRetrieve(store::Database& database, blob::Store& blobs, WebViews& views)
      : database_(database), blobs_(blobs), views_(views) {}

  // The objects of a study, series or instance; 406 where none is stored in a form that was asked
  // for, 206 with a warning where some are not.
  absl::StatusOr<web::Response> Objects(const std::shared_ptr<rpc::Call>& call,
                                        const web::Request& request, const WebPlace& place) const;
  // Their attributes in DICOM JSON, without the bulk. An object that is damaged stands there with
  // its UIDs alone, UNAVAILABLE.
  absl::StatusOr<web::Response> Metadata(const std::shared_ptr<rpc::Call>& call,
                                         const web::Request& request, const WebPlace& place) const;
  // WADO-URI: one object, by query parameters.
  absl::StatusOr<web::Response> ByUri(const std::shared_ptr<rpc::Call>& call,
                                      const web::Request& request) const;

 private:
  absl::Status SendAll(rpc::Call& call, const WebFound& found, const WebPlace& place,
                       const std::string& syntax, const class WebParts& parts,
                       web::BodyWriter& writer) const;
  absl::StatusOr<web::Response> Single(const std::shared_ptr<rpc::Call>& call,
                                       const WebFound& found) const;
  absl::Status AppendInstance(const Instance& instance, const Study& study, const std::string& root,
                              std::string& out) const;

  store::Database& database_;
  blob::Store& blobs_;
  WebViews& views_;
};

}  // namespace tongjian::imaging
