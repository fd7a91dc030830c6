#include "services/imaging/dicomweb.h"

#include <string>

#include "common/base/status.h"

namespace tongjian::imaging {
namespace {

constexpr char kRetrieveStudy[] = "tongjian.imaging.DicomWeb/RetrieveStudy";
constexpr char kRetrieveSeries[] = "tongjian.imaging.DicomWeb/RetrieveSeries";
constexpr char kRetrieveInstance[] = "tongjian.imaging.DicomWeb/RetrieveInstance";
constexpr char kRetrieveMetadata[] = "tongjian.imaging.DicomWeb/RetrieveMetadata";
constexpr char kRetrieveFrames[] = "tongjian.imaging.DicomWeb/RetrieveFrames";
constexpr char kRetrieveBulkData[] = "tongjian.imaging.DicomWeb/RetrieveBulkData";
constexpr char kStoreInstances[] = "tongjian.imaging.DicomWeb/StoreInstances";

constexpr char kSearchStudies[] = "tongjian.imaging.DicomWeb/SearchStudies";
constexpr char kSearchSeries[] = "tongjian.imaging.DicomWeb/SearchSeries";
constexpr char kSearchInstances[] = "tongjian.imaging.DicomWeb/SearchInstances";

constexpr char kStudies[] = "/dicom-web/studies";
constexpr char kStudy[] = "/dicom-web/studies/{}";
constexpr char kSeries[] = "/dicom-web/studies/{}/series/{}";
constexpr char kInstance[] = "/dicom-web/studies/{}/series/{}/instances/{}";

}  // namespace

absl::Status DicomWeb::RegisterRules(rpc::Gate& gate) {
  for (const char* const method : {kRetrieveStudy, kRetrieveSeries, kRetrieveInstance,
                                   kRetrieveMetadata, kRetrieveFrames, kRetrieveBulkData}) {
    TJ_TRY(gate.RegisterHttp(
        {.method = method, .permission = "imaging.read", .patient_data = true, .streaming = true}));
  }
  for (const char* const method : {kSearchStudies, kSearchSeries, kSearchInstances}) {
    TJ_TRY(
        gate.RegisterHttp({.method = method, .permission = "imaging.read", .patient_data = true}));
  }
  return gate.RegisterHttp({.method = kStoreInstances,
                            .permission = "imaging.ingest",
                            .patient_data = true,
                            .streaming = true});
}

template <class Work>
void DicomWeb::Route(web::Server& server, std::string_view method, std::string_view pattern,
                     const char* rule, Work work) {
  server.Route(method, pattern, [this, rule, work](const web::Request& request) {
    return door_.Serve(request, rule, [&](CallRef call) -> Answer { return work(call, request); });
  });
}

void DicomWeb::RouteOn(web::Server& server) {
  RouteObjects(server);
  RouteStore(server);
  RouteSearch(server);
}

void DicomWeb::RouteObjects(web::Server& server) {
  const auto objects = [this](CallRef call, const web::Request& request) -> Answer {
    TJ_ASSIGN_OR_RETURN(const WebPlace place, WebPlaceOf(request.arguments));
    return retrieve_.Objects(call, request, place);
  };
  Route(server, "GET", kStudy, kRetrieveStudy, objects);
  Route(server, "GET", kSeries, kRetrieveSeries, objects);
  Route(server, "GET", kInstance, kRetrieveInstance, objects);
  const auto metadata = [this](CallRef call, const web::Request& request) -> Answer {
    TJ_ASSIGN_OR_RETURN(const WebPlace place, WebPlaceOf(request.arguments));
    return retrieve_.Metadata(call, request, place);
  };
  for (const char* const level : {kStudy, kSeries, kInstance})
    Route(server, "GET", std::string(level) + "/metadata", kRetrieveMetadata, metadata);
  Route(server, "GET", std::string(kInstance) + "/frames/{}", kRetrieveFrames,
        [this](CallRef call, const web::Request& request) -> Answer {
          TJ_ASSIGN_OR_RETURN(const WebPlace place, WebPlaceOf(request.arguments));
          return frames_.Frames(call, request, place, request.arguments[3]);
        });
  Route(server, "GET", std::string(kInstance) + "/bulkdata/{*}", kRetrieveBulkData,
        [this](CallRef call, const web::Request& request) -> Answer {
          TJ_ASSIGN_OR_RETURN(const WebPlace place, WebPlaceOf(request.arguments));
          return frames_.Bulk(call, request, place, request.arguments[3]);
        });
  for (const char* const address : {"/dicom-web", "/dicom-web/wado", "/wado"}) {
    Route(server, "GET", address, kRetrieveInstance,
          [this](CallRef call, const web::Request& request) -> Answer {
            return retrieve_.ByUri(call, request);
          });
  }
}

void DicomWeb::RouteStore(web::Server& server) {
  for (const char* const address : {kStudies, kStudy}) {
    Route(server, "POST", address, kStoreInstances,
          [this](CallRef call, const web::Request& request) -> Answer {
            TJ_ASSIGN_OR_RETURN(const WebPlace place, WebPlaceOf(request.arguments));
            return store_.Store(*call, request, place.study);
          });
  }
}

void DicomWeb::RouteSearch(web::Server& server) {
  struct Search {
    std::string_view address;
    QueryLevel level;
    const char* rule;
  };
  constexpr Search kSearches[] = {
      {"/dicom-web/studies", QueryLevel::kStudy, kSearchStudies},
      {"/dicom-web/series", QueryLevel::kSeries, kSearchSeries},
      {"/dicom-web/studies/{}/series", QueryLevel::kSeries, kSearchSeries},
      {"/dicom-web/instances", QueryLevel::kImage, kSearchInstances},
      {"/dicom-web/studies/{}/instances", QueryLevel::kImage, kSearchInstances},
      {"/dicom-web/studies/{}/series/{}/instances", QueryLevel::kImage, kSearchInstances},
  };
  for (const Search& search : kSearches) {
    Route(server, "GET", search.address, search.rule,
          [this, level = search.level](CallRef call, const web::Request& request) -> Answer {
            TJ_ASSIGN_OR_RETURN(const WebPlace place, WebPlaceOf(request.arguments));
            return search_.Search(*call, request, level, place);
          });
  }
}

}  // namespace tongjian::imaging
