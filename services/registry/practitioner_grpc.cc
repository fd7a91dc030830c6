#include "services/registry/practitioner_grpc.h"

#include <string>

#include "common/rpc/proto_time.h"
#include "services/registry/kinds.h"
#include "services/registry/signing_right.h"

namespace tongjian::registry {

grpc::Status PractitionerGrpc::CreatePractitioner(grpc::ServerContext* context,
                                                  const v1::CreatePractitionerRequest* request,
                                                  v1::Practitioner* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PractitionerService/CreatePractitioner",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              directory_.Create(tx, call.scope(), request->practitioner()));
          return absl::OkStatus();
        });
      });
}

grpc::Status PractitionerGrpc::GetPractitioner(grpc::ServerContext* context,
                                               const v1::GetPractitionerRequest* request,
                                               v1::Practitioner* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PractitionerService/GetPractitioner",
      [&](rpc::Call&) -> absl::Status { return GetRecord(port_, request->id(), response); });
}

grpc::Status PractitionerGrpc::ListPractitioners(grpc::ServerContext* context,
                                                 const v1::ListPractitionersRequest* request,
                                                 v1::ListPractitionersResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.PractitionerService/ListPractitioners",
                          [&](rpc::Call&) -> absl::Status {
                            const std::string& facility = request->facility_id();
                            const std::string group = facility.empty() ? "" : ByFacility(facility);
                            return ListPage<v1::Practitioner>(port_, *request, group,
                                                              response->mutable_practitioners(),
                                                              response->mutable_next_page_token());
                          });
}

grpc::Status PractitionerGrpc::UpdatePractitioner(grpc::ServerContext* context,
                                                  const v1::UpdatePractitionerRequest* request,
                                                  v1::Practitioner* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PractitionerService/UpdatePractitioner",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              directory_.Replace(tx, call.scope(), request->practitioner()));
          return absl::OkStatus();
        });
      });
}

grpc::Status PractitionerGrpc::CheckEntitlement(grpc::ServerContext* context,
                                                const v1::CheckEntitlementRequest* request,
                                                v1::CheckEntitlementResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.PractitionerService/CheckEntitlement",
      [&](rpc::Call& call) -> absl::Status {
        absl::Time time = call.clock().Now();
        if (request->has_time()) {
          TJ_ASSIGN_OR_RETURN(time, rpc::CheckedTime(request->time(), "time"));
        }
        const auto discipline = static_cast<Discipline>(request->discipline());
        return port_.database.Read([&](store::Session& session) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(
              const Entitlement entitlement,
              CheckSigningRight(session, request->practitioner_id(),
                                request->requesting_facility_id(), discipline, time));
          response->set_entitled(entitlement.entitled);
          response->set_license(entitlement.license);
          response->set_agreement(entitlement.relation);
          return absl::OkStatus();
        });
      });
}

}  // namespace tongjian::registry
