// imaging.v1.CommitmentService on the wire.
#pragma once

#include "common/acquisition/commitments.h"
#include "common/blob/store.h"
#include "common/rpc/door.h"
#include "services/imaging/places.h"
#include "tongjian/imaging/v1/commitment.grpc.pb.h"

namespace tongjian::imaging {

// Safe for concurrent use; what it is given must outlive it.
class CommitmentGrpc final : public v1::CommitmentService::Service {
 public:
  CommitmentGrpc(store::Database& database, blob::Store& blobs,
                 acquisition::Commitments& commitments, const Places& places,
                 const rpc::Door& door)
      : database_(database),
        blobs_(blobs),
        commitments_(commitments),
        places_(places),
        door_(door) {}

  grpc::Status CheckInstances(grpc::ServerContext* context,
                              const v1::CheckInstancesRequest* request,
                              v1::CheckInstancesResponse* response) override;
  grpc::Status ListCommitments(grpc::ServerContext* context,
                               const v1::ListCommitmentsRequest* request,
                               v1::ListCommitmentsResponse* response) override;
  grpc::Status ReplayCommitment(grpc::ServerContext* context,
                                const v1::ReplayCommitmentRequest* request,
                                v1::Commitment* response) override;

 private:
  store::Database& database_;
  blob::Store& blobs_;
  acquisition::Commitments& commitments_;
  const Places& places_;
  const rpc::Door& door_;
};

}  // namespace tongjian::imaging
