// The wire adapter of tongjian.registry.v1.PractitionerService.
#pragma once

#include "services/registry/adapter.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class PractitionerGrpc final : public v1::PractitionerService::Service {
 public:
  PractitionerGrpc(const Port& port, const Directory& directory)
      : port_(port), directory_(directory) {}

  grpc::Status CreatePractitioner(grpc::ServerContext* context,
                                  const v1::CreatePractitionerRequest* request,
                                  v1::Practitioner* response) override;
  grpc::Status GetPractitioner(grpc::ServerContext* context,
                               const v1::GetPractitionerRequest* request,
                               v1::Practitioner* response) override;
  grpc::Status ListPractitioners(grpc::ServerContext* context,
                                 const v1::ListPractitionersRequest* request,
                                 v1::ListPractitionersResponse* response) override;
  grpc::Status UpdatePractitioner(grpc::ServerContext* context,
                                  const v1::UpdatePractitionerRequest* request,
                                  v1::Practitioner* response) override;
  grpc::Status CheckEntitlement(grpc::ServerContext* context,
                                const v1::CheckEntitlementRequest* request,
                                v1::CheckEntitlementResponse* response) override;

 private:
  const Port port_;
  const Directory& directory_;
};

}  // namespace tongjian::registry
