// The wire adapter of tongjian.registry.v1.EnrollmentService.
#pragma once

#include "services/registry/adapter.h"
#include "services/registry/enrollments.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class EnrollmentGrpc final : public v1::EnrollmentService::Service {
 public:
  EnrollmentGrpc(const Port& port, const Enrollments& enrollments)
      : port_(port), enrollments_(enrollments) {}

  grpc::Status CreateEnrollmentCode(grpc::ServerContext* context,
                                    const v1::CreateEnrollmentCodeRequest* request,
                                    v1::CreateEnrollmentCodeResponse* response) override;
  grpc::Status Enroll(grpc::ServerContext* context, const v1::EnrollRequest* request,
                      v1::EnrollResponse* response) override;
  grpc::Status RenewCertificate(grpc::ServerContext* context,
                                const v1::RenewCertificateRequest* request,
                                v1::EnrollResponse* response) override;

 private:
  const Port port_;
  const Enrollments& enrollments_;
};

}  // namespace tongjian::registry
