#include "services/reading/signing_right.h"

#include "common/base/status.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::reading {
namespace {

absl::Status Away() {
  return base::Unavailable("REFERENCE_UNKNOWN", "the registry does not answer whether this person may sign: try again");
}

absl::Status Refuse(const std::string& license, const std::string& agreement) {
  return base::Error(absl::StatusCode::kPermissionDenied, "NOT_ENTITLED_TO_SIGN", "",
                     "not entitled to sign for this facility in this discipline: license: " + license +
                         "; relation: " + agreement);
}

}  // namespace

absl::Status RegistrySigningRight::Check(const std::string& practitioner_id, const std::string& requesting_facility_id,
                                         int discipline) {
  const std::shared_ptr<grpc::Channel> channel = channel_();
  if (channel == nullptr) return Away();
  registry::v1::CheckEntitlementRequest request;
  request.set_practitioner_id(practitioner_id);
  request.set_requesting_facility_id(requesting_facility_id);
  request.set_discipline(static_cast<common::v1::Discipline>(discipline));
  registry::v1::CheckEntitlementResponse response;
  rpc::ClientCall call(identity_, {.timeout = timeout_});
  const auto stub = registry::v1::PractitionerService::NewStub(channel);
  const absl::Status asked = call.Result(stub->CheckEntitlement(call.context(), request, &response));
  if (absl::IsNotFound(asked)) return Refuse("the registry does not know the practitioner or the facility", "none");
  if (!asked.ok()) return Away();
  return response.entitled() ? absl::OkStatus() : Refuse(response.license(), response.agreement());
}

}  // namespace tongjian::reading
