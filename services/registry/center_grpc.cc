#include "services/registry/center_grpc.h"

#include <string>

#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

std::string GroupOf(const std::string& facility_id) {
  return facility_id.empty() ? "" : ByFacility(facility_id);
}

}  // namespace

grpc::Status CenterGrpc::CreateCenter(grpc::ServerContext* context,
                                      const v1::CreateCenterRequest* request,
                                      v1::Center* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/CreateCenter",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              facilities_.CreateCenter(tx, call.scope(), request->center()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::GetCenter(grpc::ServerContext* context,
                                   const v1::GetCenterRequest* request, v1::Center* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/GetCenter",
      [&](rpc::Call&) -> absl::Status { return GetRecord(port_, request->id(), response); });
}

grpc::Status CenterGrpc::ListCenters(grpc::ServerContext* context,
                                     const v1::ListCentersRequest* request,
                                     v1::ListCentersResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/ListCenters", [&](rpc::Call&) -> absl::Status {
        const int discipline = request->discipline();
        const std::string group = discipline == 0 ? "" : ByDiscipline(discipline);
        return ListPage<v1::Center>(port_, *request, group, response->mutable_centers(),
                                    response->mutable_next_page_token());
      });
}

grpc::Status CenterGrpc::UpdateCenter(grpc::ServerContext* context,
                                      const v1::UpdateCenterRequest* request,
                                      v1::Center* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/UpdateCenter",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              facilities_.UpdateCenter(tx, call.scope(), request->center()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::CreateAgreement(grpc::ServerContext* context,
                                         const v1::CreateAgreementRequest* request,
                                         v1::Agreement* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/CreateAgreement",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Create(tx, call.scope(), request->agreement()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::EndAgreement(grpc::ServerContext* context,
                                      const v1::EndAgreementRequest* request,
                                      v1::Agreement* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/EndAgreement",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(
              *response, facilities_.EndAgreement(tx, call.scope(), request->id(), request->to()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::ListAgreements(grpc::ServerContext* context,
                                        const v1::ListAgreementsRequest* request,
                                        v1::ListAgreementsResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CenterService/ListAgreements",
                          [&](rpc::Call&) -> absl::Status {
                            const std::string group = GroupOf(request->facility_id());
                            return ListPage<v1::Agreement>(port_, *request, group,
                                                           response->mutable_agreements(),
                                                           response->mutable_next_page_token());
                          });
}

grpc::Status CenterGrpc::SetReadingPolicy(grpc::ServerContext* context,
                                          const v1::SetReadingPolicyRequest* request,
                                          v1::ReadingPolicy* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/SetReadingPolicy",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Put(tx, call.scope(), request->policy()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::ListReadingPolicies(grpc::ServerContext* context,
                                             const v1::ListReadingPoliciesRequest* request,
                                             v1::ListReadingPoliciesResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CenterService/ListReadingPolicies",
                          [&](rpc::Call&) -> absl::Status {
                            const std::string group = GroupOf(request->facility_id());
                            return ListPage<v1::ReadingPolicy>(port_, *request, group,
                                                               response->mutable_policies(),
                                                               response->mutable_next_page_token());
                          });
}

grpc::Status CenterGrpc::SetTurnaroundTarget(grpc::ServerContext* context,
                                             const v1::SetTurnaroundTargetRequest* request,
                                             v1::TurnaroundTarget* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/SetTurnaroundTarget",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Put(tx, call.scope(), request->target()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::ListTurnaroundTargets(grpc::ServerContext* context,
                                               const v1::ListTurnaroundTargetsRequest* request,
                                               v1::ListTurnaroundTargetsResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CenterService/ListTurnaroundTargets",
                          [&](rpc::Call&) -> absl::Status {
                            return ListPage<v1::TurnaroundTarget>(
                                port_, *request, "", response->mutable_targets(),
                                response->mutable_next_page_token());
                          });
}

grpc::Status CenterGrpc::SetCalendarDays(grpc::ServerContext* context,
                                         const v1::SetCalendarDaysRequest* request,
                                         v1::CalendarDays* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CenterService/SetCalendarDays",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Put(tx, call.scope(), request->days()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CenterGrpc::GetCalendarDays(grpc::ServerContext* context,
                                         const v1::GetCalendarDaysRequest*,
                                         v1::CalendarDays* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CenterService/GetCalendarDays",
                          [&](rpc::Call&) -> absl::Status {
                            return GetRecord<v1::CalendarDays>(port_, kCalendarId, response);
                          });
}

}  // namespace tongjian::registry
