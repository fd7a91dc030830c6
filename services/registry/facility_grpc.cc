#include "services/registry/facility_grpc.h"

#include <string>

#include "services/registry/kinds.h"

namespace tongjian::registry {

grpc::Status FacilityGrpc::CreateFacility(grpc::ServerContext* context,
                                          const v1::CreateFacilityRequest* request,
                                          v1::Facility* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.FacilityService/CreateFacility",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, facilities_.Create(tx, call.scope(), request->facility()));
          return absl::OkStatus();
        });
      });
}

grpc::Status FacilityGrpc::GetFacility(grpc::ServerContext* context,
                                       const v1::GetFacilityRequest* request,
                                       v1::Facility* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.FacilityService/GetFacility",
      [&](rpc::Call&) -> absl::Status { return GetRecord(port_, request->id(), response); });
}

grpc::Status FacilityGrpc::ListFacilities(grpc::ServerContext* context,
                                          const v1::ListFacilitiesRequest* request,
                                          v1::ListFacilitiesResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.FacilityService/ListFacilities",
                          [&](rpc::Call&) -> absl::Status {
                            const std::string& parent = request->parent_facility_id();
                            const std::string group = parent.empty() ? "" : ByParent(parent);
                            return ListPage<v1::Facility>(port_, *request, group,
                                                          response->mutable_facilities(),
                                                          response->mutable_next_page_token());
                          });
}

grpc::Status FacilityGrpc::UpdateFacility(grpc::ServerContext* context,
                                          const v1::UpdateFacilityRequest* request,
                                          v1::Facility* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.FacilityService/UpdateFacility",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, facilities_.Update(tx, call.scope(), request->facility()));
          return absl::OkStatus();
        });
      });
}

}  // namespace tongjian::registry
