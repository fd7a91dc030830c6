// tongjian.edge.v1.EdgeService: what technician and operator ask of the gateway.
#pragma once

#include <functional>
#include <string>

#include "common/rpc/door.h"
#include "common/store/database.h"
#include "services/edge/spool_store.h"
#include "tongjian/edge/v1/edge.grpc.pb.h"

namespace tongjian::acquisition {
class Commitments;
}

namespace tongjian::edge {

class Progress;
class StateReader;

struct EdgeParts {
  store::Database& database;
  Spool& spool;
  acquisition::Commitments& commitments;
  StateReader& state;
  const Progress& progress;
  std::string facility_id;
  std::string version;
  int64_t numbers_low = 0;
};

// Safe for concurrent use; all it is given must outlive it.
class EdgeGrpc final : public v1::EdgeService::Service {
 public:
  EdgeGrpc(EdgeParts parts, const rpc::Door& door) : parts_(std::move(parts)), door_(door) {}

  grpc::Status GetStatus(grpc::ServerContext* context, const v1::GetStatusRequest* request,
                         v1::EdgeStatus* out) override;
  grpc::Status ListSpool(grpc::ServerContext* context, const v1::ListSpoolRequest* request,
                         v1::ListSpoolResponse* out) override;
  grpc::Status FinishStudy(grpc::ServerContext* context,
                           const v1::FinishLocalStudyRequest* request,
                           v1::FinishLocalStudyResponse* out) override;
  grpc::Status ListTrailHeads(grpc::ServerContext* context,
                              const v1::ListTrailHeadsRequest* request,
                              v1::ListTrailHeadsResponse* out) override;
  grpc::Status RetrySpool(grpc::ServerContext* context, const v1::RetrySpoolRequest* request,
                          v1::RetrySpoolResponse* out) override;
  grpc::Status ListCommitments(grpc::ServerContext* context,
                               const imaging::v1::ListCommitmentsRequest* request,
                               imaging::v1::ListCommitmentsResponse* out) override;
  grpc::Status ReplayCommitment(grpc::ServerContext* context,
                                const imaging::v1::ReplayCommitmentRequest* request,
                                imaging::v1::Commitment* out) override;

 private:
  const EdgeParts parts_;
  const rpc::Door& door_;
};

}  // namespace tongjian::edge
