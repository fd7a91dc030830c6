// tongjian.exchange.v1.ResultService on the wire: decode, call, encode.
#pragma once

#include "common/base/status.h"
#include "common/rpc/call.h"
#include "common/rpc/door.h"
#include "common/store/database.h"
#include "services/exchange/registry_facts.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"

namespace tongjian::exchange {

class External;
class PatientResolver;
class ResultFeed;

// What the adapter stands on. All of it outlives it.
struct ResultParts {
  store::Database& database;
  const External& external;
  const PatientResolver& patients;
  FactSource facts;
  ResultFeed& feed;
  const rpc::Door& door;
};

// Unary calls on the server's threads; what waits is a reactor and holds none. Safe for concurrent use.
class ResultGrpc final : public v1::ResultService::WithCallbackMethod_PullEvents<
                             v1::ResultService::WithCallbackMethod_WatchResults<v1::ResultService::Service>> {
 public:
  explicit ResultGrpc(ResultParts parts) : parts_(std::move(parts)) {}

  grpc::Status GetResult(grpc::ServerContext* context, const v1::GetResultRequest* request, v1::Result* out) override;
  grpc::Status ListResults(grpc::ServerContext* context, const v1::ListResultsRequest* request,
                           v1::ListResultsResponse* out) override;
  grpc::ServerWriteReactor<v1::ResultEvent>* WatchResults(grpc::CallbackServerContext* context,
                                                          const v1::WatchResultsRequest* request) override;
  grpc::ServerUnaryReactor* PullEvents(grpc::CallbackServerContext* context, const v1::PullEventsRequest* request,
                                       v1::PullEventsResponse* out) override;
  grpc::Status AcknowledgeResult(grpc::ServerContext* context, const v1::AcknowledgeResultRequest* request,
                                 v1::Result* out) override;
  grpc::Status PublishExternalResult(grpc::ServerContext* context, const v1::PublishExternalResultRequest* request,
                                     v1::Result* out) override;
  grpc::Status BatchPublishExternalResults(grpc::ServerContext* context,
                                           const v1::BatchPublishExternalResultsRequest* request,
                                           v1::BatchPublishExternalResultsResponse* out) override;
  grpc::Status RetractExternalResult(grpc::ServerContext* context, const v1::RetractExternalResultRequest* request,
                                     v1::Result* out) override;

 private:
  absl::StatusOr<v1::Result> PublishOne(rpc::Call& call, const v1::PublishExternalResultRequest& request) const;

  const ResultParts parts_;
};

}  // namespace tongjian::exchange
