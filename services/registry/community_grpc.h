// The wire adapter of tongjian.registry.v1.CommunityService.
#pragma once

#include "services/registry/adapter.h"
#include "services/registry/communities.h"
#include "tongjian/registry/v1/community.grpc.pb.h"

namespace tongjian::registry {

// Safe for concurrent use; what it is given must outlive it.
class CommunityGrpc final : public v1::CommunityService::Service {
 public:
  CommunityGrpc(const Port& port, const Communities& communities)
      : port_(port), communities_(communities) {}

  grpc::Status CreateCommunity(grpc::ServerContext* context,
                               const v1::CreateCommunityRequest* request,
                               v1::Community* response) override;
  grpc::Status GetCommunity(grpc::ServerContext* context, const v1::GetCommunityRequest* request,
                            v1::Community* response) override;
  grpc::Status UpdateCommunity(grpc::ServerContext* context,
                               const v1::UpdateCommunityRequest* request,
                               v1::Community* response) override;
  grpc::Status ListCommunities(grpc::ServerContext* context,
                               const v1::ListCommunitiesRequest* request,
                               v1::ListCommunitiesResponse* response) override;
  grpc::Status ApplyMembership(grpc::ServerContext* context,
                               const v1::ApplyMembershipRequest* request,
                               v1::Membership* response) override;
  grpc::Status TransitionMembership(grpc::ServerContext* context,
                                    const v1::TransitionMembershipRequest* request,
                                    v1::Membership* response) override;
  grpc::Status ListMemberships(grpc::ServerContext* context,
                               const v1::ListMembershipsRequest* request,
                               v1::ListMembershipsResponse* response) override;

 private:
  const Port port_;
  const Communities& communities_;
};

}  // namespace tongjian::registry
