#include "services/exchange/patient_resolver.h"

#include "services/exchange/words_store.h"
#include "tongjian/registry/v1/patient.grpc.pb.h"

namespace tongjian::exchange {

namespace {

bool IsCertain(const registry::v1::ResolvePatientResponse& answer) {
  const std::string& by = answer.linked_by();
  if (by == "facility_number" || by == "verified_document") return true;
  return by != "same_words" && answer.patient().state() == registry::v1::PATIENT_STATE_VERIFIED;
}

}  // namespace

absl::StatusOr<Person> PatientResolver::Resolve(const common::v1::PatientRef& patient,
                                                const security::Caller& behalf, absl::Duration timeout) const {
  const Words words = WordsOf(patient);
  std::string known;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(known, PatientOf(session, words));
    return absl::OkStatus();
  }));
  if (!known.empty()) return Person{known, true};  // Only words with a number are known.

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
  return Person{response.patient().id(), IsCertain(response)};
}

}  // namespace tongjian::exchange
