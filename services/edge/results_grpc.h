// tongjian.exchange.v1.ResultService at the gateway: from the clinic's own copies.
#pragma once

#include <atomic>

#include "common/rpc/door.h"
#include "common/store/database.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"

namespace tongjian::edge {

class ClinicOrders;
class Outgoing;

// PullEvents and WatchResults have cursors of the gateway's own. Publishing goes on to the hub.
// Safe for concurrent use; all it is given must outlive it.
class ResultsGrpc final : public exchange::v1::ResultService::WithCallbackMethod_WatchResults<
                              exchange::v1::ResultService::Service> {
 public:
  ResultsGrpc(store::Database& database, Outgoing& outgoing, ClinicOrders& orders,
              const rpc::Door& door)
      : database_(database), outgoing_(outgoing), orders_(orders), door_(door) {}

  grpc::Status GetResult(grpc::ServerContext* context,
                         const exchange::v1::GetResultRequest* request,
                         exchange::v1::Result* out) override;
  grpc::Status ListResults(grpc::ServerContext* context,
                           const exchange::v1::ListResultsRequest* request,
                           exchange::v1::ListResultsResponse* out) override;
  grpc::Status PullEvents(grpc::ServerContext* context,
                          const exchange::v1::PullEventsRequest* request,
                          exchange::v1::PullEventsResponse* out) override;
  grpc::ServerWriteReactor<exchange::v1::ResultEvent>* WatchResults(
      grpc::CallbackServerContext* context,
      const exchange::v1::WatchResultsRequest* request) override;
  grpc::Status AcknowledgeResult(grpc::ServerContext* context,
                                 const exchange::v1::AcknowledgeResultRequest* request,
                                 exchange::v1::Result* out) override;
  grpc::Status PublishExternalResult(grpc::ServerContext* context,
                                     const exchange::v1::PublishExternalResultRequest* request,
                                     exchange::v1::Result* out) override;
  grpc::Status BatchPublishExternalResults(
      grpc::ServerContext* context, const exchange::v1::BatchPublishExternalResultsRequest* request,
      exchange::v1::BatchPublishExternalResultsResponse* out) override;
  grpc::Status RetractExternalResult(grpc::ServerContext* context,
                                     const exchange::v1::RetractExternalResultRequest* request,
                                     exchange::v1::Result* out) override;

 private:
  absl::Status Acknowledge(rpc::Call& call,
                           const exchange::v1::AcknowledgeResultRequest& request,
                           exchange::v1::Result* out);

  store::Database& database_;
  Outgoing& outgoing_;
  ClinicOrders& orders_;
  const rpc::Door& door_;
};

}  // namespace tongjian::edge
