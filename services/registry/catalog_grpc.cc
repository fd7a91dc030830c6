#include "services/registry/catalog_grpc.h"

#include <string>

#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

std::string GroupOf(const v1::ListItemsRequest& request) {
  if (!request.recognition_code().empty()) return ByRecognitionCode(request.recognition_code());
  return request.discipline() == 0 ? "" : ByDiscipline(request.discipline());
}

// The item behind a facility's own code, or an empty list.
absl::Status FindByLocalCode(const Port& port, const v1::LocalCode& code,
                             v1::ListItemsResponse* response) {
  const absl::Status status = port.database.Read([&](store::Session& session) -> absl::Status {
    const std::string key = ByLocalCode(code.facility_id(), code.code());
    TJ_ASSIGN_OR_RETURN(*response->add_items(), Directory::GetUnique<v1::Item>(session, key));
    return absl::OkStatus();
  });
  if (!absl::IsNotFound(status)) return status;
  response->clear_items();
  return absl::OkStatus();
}

}  // namespace

grpc::Status CatalogGrpc::PutItem(grpc::ServerContext* context, const v1::PutItemRequest* request,
                                  v1::Item* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CatalogService/PutItem", [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response, directory_.Put(tx, call.scope(), request->item()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CatalogGrpc::GetItem(grpc::ServerContext* context, const v1::GetItemRequest* request,
                                  v1::Item* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CatalogService/GetItem",
      [&](rpc::Call&) -> absl::Status { return GetRecord(port_, request->id(), response); });
}

grpc::Status CatalogGrpc::ListItems(grpc::ServerContext* context,
                                    const v1::ListItemsRequest* request,
                                    v1::ListItemsResponse* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CatalogService/ListItems", [&](rpc::Call&) -> absl::Status {
        if (request->has_local_code())
          return FindByLocalCode(port_, request->local_code(), response);
        return ListPage<v1::Item>(port_, *request, GroupOf(*request), response->mutable_items(),
                                  response->mutable_next_page_token());
      });
}

grpc::Status CatalogGrpc::PutQualification(grpc::ServerContext* context,
                                           const v1::PutQualificationRequest* request,
                                           v1::Qualification* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CatalogService/PutQualification",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              directory_.Put(tx, call.scope(), request->qualification()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CatalogGrpc::ListQualifications(grpc::ServerContext* context,
                                             const v1::ListQualificationsRequest* request,
                                             v1::ListQualificationsResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CatalogService/ListQualifications",
                          [&](rpc::Call&) -> absl::Status {
                            const std::string& facility = request->facility_id();
                            const std::string group = facility.empty() ? "" : ByFacility(facility);
                            return ListPage<v1::Qualification>(port_, *request, group,
                                                               response->mutable_qualifications(),
                                                               response->mutable_next_page_token());
                          });
}

}  // namespace tongjian::registry
