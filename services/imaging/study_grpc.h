// imaging.v1.StudyService on the wire.
#pragma once

#include "common/rpc/door.h"
#include "services/imaging/desk.h"
#include "services/imaging/workers.h"
#include "tongjian/imaging/v1/study.grpc.pb.h"

namespace tongjian::imaging {

// Safe for concurrent use; what it is given must outlive it. Reading an instance is a stream, on
// workers.
class StudyGrpc final
    : public v1::StudyService::WithCallbackMethod_ReadInstance<v1::StudyService::Service> {
 public:
  StudyGrpc(store::Database& database, blob::Store& blobs, const Desk& desk, Workers& workers,
            const rpc::Door& door)
      : database_(database), blobs_(blobs), desk_(desk), workers_(workers), door_(door) {}

  grpc::Status GetStudy(grpc::ServerContext* context, const v1::GetStudyRequest* request,
                        v1::Study* response) override;
  grpc::Status ListStudies(grpc::ServerContext* context, const v1::ListStudiesRequest* request,
                           v1::ListStudiesResponse* response) override;
  grpc::Status ListInstances(grpc::ServerContext* context, const v1::ListInstancesRequest* request,
                             v1::ListInstancesResponse* response) override;
  grpc::ServerWriteReactor<v1::ReadInstanceResponse>* ReadInstance(
      grpc::CallbackServerContext* context, const v1::ReadInstanceRequest* request) override;
  grpc::Status LinkStudy(grpc::ServerContext* context, const v1::LinkStudyRequest* request,
                         v1::Study* response) override;
  grpc::Status UnlinkStudy(grpc::ServerContext* context, const v1::UnlinkStudyRequest* request,
                           v1::Study* response) override;
  grpc::Status ListStudyHistory(grpc::ServerContext* context,
                                const v1::ListStudyHistoryRequest* request,
                                v1::ListStudyHistoryResponse* response) override;
  grpc::Status CompleteStudy(grpc::ServerContext* context, const v1::CompleteStudyRequest* request,
                             v1::Study* response) override;
  grpc::Status ConfirmTime(grpc::ServerContext* context, const v1::ConfirmTimeRequest* request,
                           v1::Study* response) override;
  grpc::Status GradeStudy(grpc::ServerContext* context, const v1::GradeStudyRequest* request,
                          v1::Study* response) override;
  grpc::Status ListConflicts(grpc::ServerContext* context, const v1::ListConflictsRequest* request,
                             v1::ListConflictsResponse* response) override;
  grpc::Status ResolveConflict(grpc::ServerContext* context,
                               const v1::ResolveConflictRequest* request,
                               v1::Conflict* response) override;

 private:
  store::Database& database_;
  blob::Store& blobs_;
  const Desk& desk_;
  Workers& workers_;
  const rpc::Door& door_;
};

}  // namespace tongjian::imaging
