// The wire adapter of tongjian.registry.v1.CatalogService.
#pragma once

#include "services/registry/adapter.h"
#include "tongjian/registry/v1/patient.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class CatalogGrpc final : public v1::CatalogService::Service {
 public:
  CatalogGrpc(const Port& port, const Directory& directory) : port_(port), directory_(directory) {}

  grpc::Status PutItem(grpc::ServerContext* context, const v1::PutItemRequest* request,
                       v1::Item* response) override;
  grpc::Status GetItem(grpc::ServerContext* context, const v1::GetItemRequest* request,
                       v1::Item* response) override;
  grpc::Status ListItems(grpc::ServerContext* context, const v1::ListItemsRequest* request,
                         v1::ListItemsResponse* response) override;
  grpc::Status PutQualification(grpc::ServerContext* context,
                                const v1::PutQualificationRequest* request,
                                v1::Qualification* response) override;
  grpc::Status ListQualifications(grpc::ServerContext* context,
                                  const v1::ListQualificationsRequest* request,
                                  v1::ListQualificationsResponse* response) override;

 private:
  const Port port_;
  const Directory& directory_;
};

}  // namespace tongjian::registry
