// imaging.v1.IngestService on the wire.
#pragma once

#include "common/rpc/door.h"
#include "services/imaging/desk.h"
#include "services/imaging/ingest_upload.h"
#include "tongjian/imaging/v1/ingest.grpc.pb.h"

namespace tongjian::imaging {

// Safe for concurrent use; what it is given must outlive it.
class IngestGrpc final
    : public v1::IngestService::WithCallbackMethod_Upload<v1::IngestService::Service> {
 public:
  IngestGrpc(store::Database& database, const UploadParts& parts, const Desk& desk,
             const rpc::Door& door)
      : database_(database), parts_(parts), desk_(desk), door_(door) {}

  UploadReactor* Upload(grpc::CallbackServerContext* context) override;
  grpc::Status GetUpload(grpc::ServerContext* context, const v1::GetUploadRequest* request,
                         v1::UploadState* response) override;
  grpc::Status FinishStudy(grpc::ServerContext* context, const v1::FinishStudyRequest* request,
                           v1::FinishStudyResponse* response) override;

 private:
  store::Database& database_;
  const UploadParts parts_;
  const Desk& desk_;
  const rpc::Door& door_;
};

}  // namespace tongjian::imaging
