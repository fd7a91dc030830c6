#include "services/exchange/patient_resolver.h"

#include "services/exchange/words_store.h"
#include "tongjian/registry/v1/patient.grpc.pb.h"

namespace tongjian::exchange {

absl::StatusOr<std::string> PatientResolver::Resolve(const common::v1::PatientRef& patient,
                                                     const security::Caller& behalf, absl::Duration timeout) const {
  const Words words = WordsOf(patient);
  std::string known;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(known, PatientOf(session, words));
    return absl::OkStatus();
  }));
  if (!known.empty()) return known;

  const std::shared_ptr<grpc::Channel> channel = registry_();
  if (channel == nullptr) return base::Unavailable("", "the registry is not reachable: try again");
  registry::v1::ResolvePatientRequest request;
  request.set_request_id(ids_.New());
  *request.mutable_patient() = patient;
  request.mutable_patient()->clear_patient_id();
  registry::v1::ResolvePatientResponse response;
  rpc::ClientCall call(identity_, {.timeout = timeout, .behalf = &behalf});
  TJ_TRY(call.Result(
      registry::v1::PatientService::NewStub(channel)->ResolvePatient(call.context(), request, &response)));
  return response.patient().id();
}

}  // namespace tongjian::exchange
