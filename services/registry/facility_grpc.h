// The wire adapter of tongjian.registry.v1.FacilityService.
#pragma once

#include "services/registry/adapter.h"
#include "services/registry/facilities.h"
#include "tongjian/registry/v1/facility.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class FacilityGrpc final : public v1::FacilityService::Service {
 public:
  FacilityGrpc(const Port& port, const Facilities& facilities)
      : port_(port), facilities_(facilities) {}

  grpc::Status CreateFacility(grpc::ServerContext* context,
                              const v1::CreateFacilityRequest* request,
                              v1::Facility* response) override;
  grpc::Status GetFacility(grpc::ServerContext* context, const v1::GetFacilityRequest* request,
                           v1::Facility* response) override;
  grpc::Status ListFacilities(grpc::ServerContext* context,
                              const v1::ListFacilitiesRequest* request,
                              v1::ListFacilitiesResponse* response) override;
  grpc::Status UpdateFacility(grpc::ServerContext* context,
                              const v1::UpdateFacilityRequest* request,
                              v1::Facility* response) override;

 private:
  const Port port_;
  const Facilities& facilities_;
};

}  // namespace tongjian::registry
