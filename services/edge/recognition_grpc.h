// tongjian.exchange.v1.RecognitionService at the gateway: asked of the hub, which alone knows.
#pragma once

#include "common/rpc/door.h"
#include "tongjian/exchange/v1/recognition.grpc.pb.h"

namespace tongjian::edge {

class ClinicOrders;

// While the hub is away every call is UNAVAILABLE (HUB_UNREACHABLE): the HIS then writes its order
// with the verdict "NOT_CHECKED". Safe for concurrent use; all it is given must outlive it.
class RecognitionGrpc final : public exchange::v1::RecognitionService::Service {
 public:
  RecognitionGrpc(const ClinicOrders& orders, const rpc::Door& door)
      : orders_(orders), door_(door) {}

  grpc::Status CheckRecognition(grpc::ServerContext* context,
                                const exchange::v1::CheckRecognitionRequest* request,
                                exchange::v1::CheckRecognitionResponse* out) override;
  grpc::Status RecordDecision(grpc::ServerContext* context,
                              const exchange::v1::RecordDecisionRequest* request,
                              exchange::v1::Decision* out) override;
  grpc::Status RevokeDecision(grpc::ServerContext* context,
                              const exchange::v1::RevokeDecisionRequest* request,
                              exchange::v1::Decision* out) override;
  grpc::Status ListDecisions(grpc::ServerContext* context,
                             const exchange::v1::ListDecisionsRequest* request,
                             exchange::v1::ListDecisionsResponse* out) override;
  grpc::Status ListEmergencyLooks(grpc::ServerContext* context,
                                  const exchange::v1::ListEmergencyLooksRequest* request,
                                  exchange::v1::ListEmergencyLooksResponse* out) override;
  grpc::Status GetRecognitionCounts(grpc::ServerContext* context,
                                    const exchange::v1::GetRecognitionCountsRequest* request,
                                    exchange::v1::RecognitionCounts* out) override;

 private:
  template <class Method, class Request, class Response>
  grpc::Status AtHub(grpc::ServerContext* context, std::string_view name, Method method,
                     const Request& request, Response* out);

  const ClinicOrders& orders_;
  const rpc::Door& door_;
};

}  // namespace tongjian::edge
