#include "services/edge/recognition_grpc.h"

#include "services/edge/clinic_orders.h"
#include "services/edge/forward.h"

namespace tongjian::edge {

using exchange::v1::RecognitionService;
using Stub = RecognitionService::Stub;

namespace {

// What a call touches, by its request (a refused one too) and by the hub's answer.
void Touch(rpc::Trail& trail, const exchange::v1::CheckRecognitionRequest& request,
           const exchange::v1::CheckRecognitionResponse& answer) {
  const common::v1::PatientRef& patient = request.patient();
  trail.TouchFacilityPatient(patient.facility_id(), patient.facility_patient_id(),
                             patient.patient_id());
  for (const exchange::v1::ItemVerdict& verdict : answer.verdicts()) {
    trail.TouchObject(verdict.prompt_id());
    for (const exchange::v1::Candidate& candidate : verdict.candidates()) {
      trail.TouchObject(candidate.result().id());
      trail.TouchPatient(candidate.result().patient().patient_id());
    }
  }
}

void Touch(rpc::Trail& trail, const exchange::v1::Decision& decision) {
  trail.TouchObject(decision.id());
  trail.TouchObject(decision.prompt_id());
  trail.TouchObject(decision.result_id());
  trail.TouchPatient(decision.patient_id());
}

void Touch(rpc::Trail& trail, const exchange::v1::RecordDecisionRequest& request,
           const exchange::v1::Decision& answer) {
  trail.TouchObject(request.decision().prompt_id());
  trail.TouchObject(request.decision().result_id());
  Touch(trail, answer);
}

void Touch(rpc::Trail& trail, const exchange::v1::RevokeDecisionRequest& request,
           const exchange::v1::Decision& answer) {
  trail.TouchObject(request.id());
  Touch(trail, answer);
}

void Touch(rpc::Trail& trail, const exchange::v1::ListDecisionsRequest& request,
           const exchange::v1::ListDecisionsResponse& answer) {
  trail.TouchPatient(request.patient_id());
  for (const exchange::v1::Decision& decision : answer.decisions()) Touch(trail, decision);
}

void Touch(rpc::Trail& trail, const exchange::v1::ListEmergencyLooksRequest&,
           const exchange::v1::ListEmergencyLooksResponse& answer) {
  for (const exchange::v1::EmergencyLook& look : answer.looks()) {
    trail.TouchObject(look.id());
    trail.TouchPatient(look.patient_id());
  }
}

// Counts name nobody.
void Touch(rpc::Trail&, const exchange::v1::GetRecognitionCountsRequest&,
           const exchange::v1::RecognitionCounts&) {}

}  // namespace

template <class Method, class Request, class Response>
grpc::Status RecognitionGrpc::AtHub(grpc::ServerContext* context, std::string_view name,
                                    Method method, const Request& request, Response* out) {
  const std::string full = "tongjian.exchange.v1.RecognitionService/" + std::string(name);
  return door_.Serve(context, full, [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    const absl::Status asked =
        Forward<RecognitionService>(orders_.link(), call, method, request, out);
    Touch(call.trail(), request, *out);
    return asked;
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

grpc::Status RecognitionGrpc::ListEmergencyLooks(
    grpc::ServerContext* context, const exchange::v1::ListEmergencyLooksRequest* request,
    exchange::v1::ListEmergencyLooksResponse* out) {
  return AtHub(context, "ListEmergencyLooks", &Stub::ListEmergencyLooks, *request, out);
}

grpc::Status RecognitionGrpc::GetRecognitionCounts(
    grpc::ServerContext* context, const exchange::v1::GetRecognitionCountsRequest* request,
    exchange::v1::RecognitionCounts* out) {
  return AtHub(context, "GetRecognitionCounts", &Stub::GetRecognitionCounts, *request, out);
}

}  // namespace tongjian::edge
