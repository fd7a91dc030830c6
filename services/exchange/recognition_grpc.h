// tongjian.exchange.v1.RecognitionService on the wire: decode, call, encode.
#pragma once

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/rpc/door.h"
#include "common/store/database.h"
#include "tongjian/exchange/v1/recognition.grpc.pb.h"

namespace tongjian::exchange {

class Decisions;
class PatientResolver;
class Recognizer;

// Safe for concurrent use; all it is given must outlive it.
class RecognitionGrpc final : public v1::RecognitionService::Service {
 public:
  RecognitionGrpc(store::Database& database, const Recognizer& recognizer, const Decisions& decisions,
                  const PatientResolver& patients, const base::Clock& clock, const rpc::Door& door)
      : database_(database),
        recognizer_(recognizer),
        decisions_(decisions),
        patients_(patients),
        clock_(clock),
        door_(door) {}

  grpc::Status CheckRecognition(grpc::ServerContext* context, const v1::CheckRecognitionRequest* request,
                                v1::CheckRecognitionResponse* out) override;
  grpc::Status RecordDecision(grpc::ServerContext* context, const v1::RecordDecisionRequest* request,
                              v1::Decision* out) override;
  grpc::Status RevokeDecision(grpc::ServerContext* context, const v1::RevokeDecisionRequest* request,
                              v1::Decision* out) override;
  grpc::Status ListDecisions(grpc::ServerContext* context, const v1::ListDecisionsRequest* request,
                             v1::ListDecisionsResponse* out) override;
  grpc::Status ListEmergencyLooks(grpc::ServerContext* context, const v1::ListEmergencyLooksRequest* request,
                                  v1::ListEmergencyLooksResponse* out) override;
  grpc::Status GetRecognitionCounts(grpc::ServerContext* context, const v1::GetRecognitionCountsRequest* request,
                                    v1::RecognitionCounts* out) override;

 private:
  store::Database& database_;
  const Recognizer& recognizer_;
  const Decisions& decisions_;
  const PatientResolver& patients_;
  const base::Clock& clock_;
  const rpc::Door& door_;
};

}  // namespace tongjian::exchange
