#include "services/edge/recognition_grpc.h"

#include "services/edge/clinic_orders.h"
#include "services/edge/forward.h"

namespace tongjian::edge {

using exchange::v1::RecognitionService;
using Stub = RecognitionService::Stub;

template <class Method, class Request, class Response>
grpc::Status RecognitionGrpc::AtHub(grpc::ServerContext* context, std::string_view name,
                                    Method method, const Request& request, Response* out) {
  const std::string full = "tongjian.exchange.v1.RecognitionService/" + std::string(name);
  return door_.Serve(context, full, [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    return Forward<RecognitionService>(orders_.link(), call, method, request, out);
  });
}

grpc::Status RecognitionGrpc::CheckRecognition(grpc::ServerContext* context,
                                               const exchange::v1::CheckRecognitionRequest* request,
                                               exchange::v1::CheckRecognitionResponse* out) {
  return AtHub(context, "CheckRecognition", &Stub::CheckRecognition, *request, out);
}

grpc::Status RecognitionGrpc::RecordDecision(grpc::ServerContext* context,
                                             const exchange::v1::RecordDecisionRequest* request,
                                             exchange::v1::Decision* out) {
  return AtHub(context, "RecordDecision", &Stub::RecordDecision, *request, out);
}

grpc::Status RecognitionGrpc::RevokeDecision(grpc::ServerContext* context,
                                             const exchange::v1::RevokeDecisionRequest* request,
                                             exchange::v1::Decision* out) {
  return AtHub(context, "RevokeDecision", &Stub::RevokeDecision, *request, out);
}

grpc::Status RecognitionGrpc::ListDecisions(grpc::ServerContext* context,
                                            const exchange::v1::ListDecisionsRequest* request,
                                            exchange::v1::ListDecisionsResponse* out) {
  return AtHub(context, "ListDecisions", &Stub::ListDecisions, *request, out);
}

grpc::Status RecognitionGrpc::GetRecognitionCounts(
    grpc::ServerContext* context, const exchange::v1::GetRecognitionCountsRequest* request,
    exchange::v1::RecognitionCounts* out) {
  return AtHub(context, "GetRecognitionCounts", &Stub::GetRecognitionCounts, *request, out);
}

}  // namespace tongjian::edge
