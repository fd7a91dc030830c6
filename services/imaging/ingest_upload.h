// IngestService.Upload as a stream: one reactor per gateway connection.
#pragma once

#include <grpcpp/support/server_callback.h>

#include <memory>

#include "common/rpc/call.h"
#include "services/imaging/places.h"
#include "services/imaging/uploads.h"
#include "services/imaging/workers.h"
#include "tongjian/imaging/v1/ingest.pb.h"

namespace tongjian::imaging {

using UploadReactor = grpc::ServerBidiReactor<v1::UploadRequest, v1::UploadResponse>;

// What every stream stands on; must outlive all of them.
struct UploadParts {
  Uploads& uploads;
  const Places& places;
  Workers& workers;
  const base::Clock& clock;
};

// Takes a stream that the door has let in. It deletes itself when the stream is over. At most one
// chunk of a stream is in memory beside gRPC's own window, so a slow disk slows its sender down;
// the next object may come while the one before is being made durable.
UploadReactor* ServeUpload(const UploadParts& parts, std::unique_ptr<rpc::Call> call);

// The facility a caller may record for: the one it names, where that is its own, below it, or
// within its scope.
absl::Status CheckFacility(const rpc::Call& call, const Places& places,
                           std::string_view facility_id);

// Whose upload ids these are.
std::string SenderOf(const rpc::Call& call);

}  // namespace tongjian::imaging
