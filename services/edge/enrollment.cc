#include "services/edge/enrollment.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/channel.h"
#include "common/security/authority.h"
#include "common/security/key_file.h"
#include "common/telemetry/log.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::edge {
namespace {

using registry::v1::EnrollmentService;
using registry::v1::EnrollResponse;

constexpr absl::Duration kTimeout = absl::Seconds(30);

// The key and request of an enrollment that has begun: kept, so that the same ones go out again.
absl::StatusOr<security::KeyAndRequest> KeptOrNew(const std::string& key_path,
                                                  const std::string& request_path) {
  const auto key = security::ReadSmallFile(key_path, security::FileMode::kSecret);
  const auto request = security::ReadSmallFile(request_path, security::FileMode::kPublic);
  if (key.ok() && request.ok()) return security::KeyAndRequest{*key, *request};
  TJ_ASSIGN_OR_RETURN(security::KeyAndRequest fresh, security::MakeKeyAndRequest("gateway"));
  TJ_TRY(security::WriteDurably(key_path, fresh.private_key_pem, security::FileMode::kSecret));
  TJ_TRY(security::WriteDurably(request_path, fresh.request_pem, security::FileMode::kPublic));
  return fresh;
}

// The certificate must be a gateway's before anything is replaced.
absl::Status CheckGateway(const EnrollResponse& response) {
  TJ_ASSIGN_OR_RETURN(const security::PeerIdentity identity,
                      security::ParsePeer(response.certificate_pem()));
  if (identity.role == security::MachineRole::kGateway) return absl::OkStatus();
  return absl::FailedPreconditionError("the code was made for another role than gateway");
}

// Key and certificate in one file, so that they change in one step.
absl::Status Keep(const std::string& key_pem, const EnrollResponse& response,
                  const security::CredentialFiles& files) {
  return security::WriteDurably(files.private_key,
                                absl::StrCat(key_pem, response.certificate_pem()),
                                security::FileMode::kSecret);
}

}  // namespace

security::CredentialFiles EnrolledFiles(const std::string& state) {
  return {.certificate_chain = state + "/identity/gateway.pem",
          .private_key = state + "/identity/gateway.pem",
          .authorities = state + "/identity/ca.pem"};
}

absl::StatusOr<std::string> Enroll(const EnrollOptions& options) {
  const security::CredentialFiles files = EnrolledFiles(options.state);
  TJ_TRY(security::MakeDirectory(options.state + "/identity"));
  TJ_ASSIGN_OR_RETURN(const std::string authority,
                      security::ReadSmallFile(options.ca, security::FileMode::kPublic));
  TJ_TRY(security::WriteDurably(files.authorities, authority, security::FileMode::kPublic));
  const std::string pending = options.state + "/identity/pending";
  TJ_ASSIGN_OR_RETURN(const security::KeyAndRequest pair,
                      KeptOrNew(pending + ".key", pending + ".csr"));
  TJ_ASSIGN_OR_RETURN(const auto channel,
                      rpc::OpenChannel({.address = options.hub,
                                        .files = {.authorities = files.authorities},
                                        .server_name = options.server_name}));
  registry::v1::EnrollRequest request;
  request.set_code(options.code);
  request.set_csr_pem(pair.request_pem);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(),
                       {.timeout = kTimeout, .wait_for_ready = true});
  EnrollResponse response;
  TJ_TRY(call.Result(
      EnrollmentService::NewStub(channel)->Enroll(call.context(), request, &response)));
  TJ_TRY(CheckGateway(response));
  TJ_TRY(Keep(pair.private_key_pem, response, files));
  return response.facility_id();
}

absl::Time RenewalTime(const security::PeerIdentity& certificate) {
  return certificate.not_before + (certificate.expiry - certificate.not_before) * 2 / 3;
}

absl::StatusOr<security::PeerIdentity> ReadIdentity(const security::CredentialFiles& files) {
  TJ_ASSIGN_OR_RETURN(
      const std::string pem,
      security::ReadSmallFile(files.certificate_chain, security::FileMode::kPublic));
  return security::ParsePeer(pem);
}

absl::StatusOr<bool> RenewIfDue(const security::CredentialFiles& files,
                                const std::shared_ptr<grpc::Channel>& channel,
                                const base::Clock& clock) {
  // Files that were brought here are renewed by who brought them.
  if (files.private_key != files.certificate_chain) return false;
  TJ_ASSIGN_OR_RETURN(const security::PeerIdentity identity, ReadIdentity(files));
  if (clock.Now() < RenewalTime(identity)) return false;
  TJ_ASSIGN_OR_RETURN(const security::KeyAndRequest pair, security::MakeKeyAndRequest("gateway"));
  registry::v1::RenewCertificateRequest request;
  request.set_csr_pem(pair.request_pem);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = kTimeout});
  EnrollResponse response;
  TJ_TRY(call.Result(
      EnrollmentService::NewStub(channel)->RenewCertificate(call.context(), request, &response)));
  TJ_TRY(CheckGateway(response));
  TJ_TRY(Keep(pair.private_key_pem, response, files));
  telemetry::Log(telemetry::Level::kInfo, "certificate_renewed");
  return true;
}

}  // namespace tongjian::edge
