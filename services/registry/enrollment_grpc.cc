#include "services/registry/enrollment_grpc.h"

#include "common/rpc/proto_time.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

void Encode(const MachineCertificate& certificate, v1::EnrollResponse* out) {
  out->set_certificate_pem(certificate.certificate_pem);
  out->set_authority_pem(certificate.authority_pem);
  out->set_facility_id(certificate.facility_id);
  *out->mutable_expire_time() = rpc::ToProto(certificate.expiry);
}

// A certificate that leaves is in the trail before it does.
absl::Status Record(const Port& port, rpc::Call& call, const MachineCertificate& certificate) {
  call.trail().TouchObject(certificate.facility_id);
  return port.database.Write([&](store::Transaction& tx) { return call.trail().WriteIn(tx); });
}

}  // namespace

grpc::Status EnrollmentGrpc::CreateEnrollmentCode(grpc::ServerContext* context,
                                                  const v1::CreateEnrollmentCodeRequest* request,
                                                  v1::CreateEnrollmentCodeResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.EnrollmentService/CreateEnrollmentCode",
      [&](rpc::Call& call) -> absl::Status {
        // The code itself is no part of the remembered response: it is kept nowhere.
        std::string code;
        TJ_TRY(Mutate(
            port_, call, *request, response,
            [&](store::Transaction& tx) -> absl::Status {
              TJ_ASSIGN_OR_RETURN(const NewCode made,
                                  enrollments_.MakeCode(tx, call.scope(), request->facility_id(),
                                                        request->role(), request->hours()));
              *response->mutable_expire_time() = rpc::ToProto(made.expiry);
              code = made.code;
              return absl::OkStatus();
            },
            [&](rpc::Trail& trail) { trail.TouchObject(request->facility_id()); }));
        if (code.empty()) {
          return base::Error(
              absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "request_id",
              "this code was made and is shown once: ask for another with a new request id");
        }
        response->set_code(code);
        return absl::OkStatus();
      });
}

grpc::Status EnrollmentGrpc::Enroll(grpc::ServerContext* context, const v1::EnrollRequest* request,
                                    v1::EnrollResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.EnrollmentService/Enroll",
                          [&](rpc::Call& call) -> absl::Status {
                            TJ_ASSIGN_OR_RETURN(
                                const MachineCertificate issued,
                                enrollments_.Enroll(request->code(), request->csr_pem()));
                            Encode(issued, response);
                            return Record(port_, call, issued);
                          });
}

grpc::Status EnrollmentGrpc::RenewCertificate(grpc::ServerContext* context,
                                              const v1::RenewCertificateRequest* request,
                                              v1::EnrollResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.EnrollmentService/RenewCertificate",
                          [&](rpc::Call& call) -> absl::Status {
                            TJ_ASSIGN_OR_RETURN(
                                const MachineCertificate issued,
                                enrollments_.Renew(call.caller(), request->csr_pem()));
                            Encode(issued, response);
                            return Record(port_, call, issued);
                          });
}

}  // namespace tongjian::registry
