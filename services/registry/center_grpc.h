// The wire adapter of tongjian.registry.v1.CenterService.
#pragma once

#include "services/registry/adapter.h"
#include "services/registry/facilities.h"
#include "tongjian/registry/v1/center.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class CenterGrpc final : public v1::CenterService::Service {
 public:
  CenterGrpc(const Port& port, const Directory& directory, const Facilities& facilities)
      : port_(port), directory_(directory), facilities_(facilities) {}

  grpc::Status CreateCenter(grpc::ServerContext* context, const v1::CreateCenterRequest* request,
                            v1::Center* response) override;
  grpc::Status GetCenter(grpc::ServerContext* context, const v1::GetCenterRequest* request,
                         v1::Center* response) override;
  grpc::Status ListCenters(grpc::ServerContext* context, const v1::ListCentersRequest* request,
                           v1::ListCentersResponse* response) override;
  grpc::Status UpdateCenter(grpc::ServerContext* context, const v1::UpdateCenterRequest* request,
                            v1::Center* response) override;
  grpc::Status CreateAgreement(grpc::ServerContext* context,
                               const v1::CreateAgreementRequest* request,
                               v1::Agreement* response) override;
  grpc::Status EndAgreement(grpc::ServerContext* context, const v1::EndAgreementRequest* request,
                            v1::Agreement* response) override;
  grpc::Status ListAgreements(grpc::ServerContext* context,
                              const v1::ListAgreementsRequest* request,
                              v1::ListAgreementsResponse* response) override;
  grpc::Status SetReadingPolicy(grpc::ServerContext* context,
                                const v1::SetReadingPolicyRequest* request,
                                v1::ReadingPolicy* response) override;
  grpc::Status ListReadingPolicies(grpc::ServerContext* context,
                                   const v1::ListReadingPoliciesRequest* request,
                                   v1::ListReadingPoliciesResponse* response) override;
  grpc::Status SetTurnaroundTarget(grpc::ServerContext* context,
                                   const v1::SetTurnaroundTargetRequest* request,
                                   v1::TurnaroundTarget* response) override;
  grpc::Status ListTurnaroundTargets(grpc::ServerContext* context,
                                     const v1::ListTurnaroundTargetsRequest* request,
                                     v1::ListTurnaroundTargetsResponse* response) override;
  grpc::Status SetCalendarDays(grpc::ServerContext* context,
                               const v1::SetCalendarDaysRequest* request,
                               v1::CalendarDays* response) override;
  grpc::Status GetCalendarDays(grpc::ServerContext* context,
                               const v1::GetCalendarDaysRequest* request,
                               v1::CalendarDays* response) override;

 private:
  const Port port_;
  const Directory& directory_;
  const Facilities& facilities_;
};

}  // namespace tongjian::registry
