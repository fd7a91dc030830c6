#include "services/registry/community_grpc.h"

#include <string>

#include "common/rpc/proto_time.h"
#include "common/store/transaction.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

std::string GroupOf(const v1::ListMembershipsRequest& request) {
  if (request.community_id().empty() && request.facility_id().empty()) return "";
  if (request.facility_id().empty()) return ByCommunity(request.community_id());
  if (request.community_id().empty()) return ByFacility(request.facility_id());
  return ByCommunityAndFacility(request.community_id(), request.facility_id());
}

absl::StatusOr<MembershipPeriod> PeriodOf(const v1::TransitionMembershipRequest& request,
                                          absl::Time now) {
  MembershipPeriod period{static_cast<MembershipState>(request.state()), now, request.approver(),
                          request.reason()};
  TJ_TRY(CheckText(period.approver, 200, "approver"));
  TJ_TRY(CheckText(period.reason, 500, "reason"));
  if (request.has_effective_time()) {
    TJ_ASSIGN_OR_RETURN(period.from, rpc::CheckedTime(request.effective_time(), "effective_time"));
  }
  return period;
}

}  // namespace

grpc::Status CommunityGrpc::CreateCommunity(grpc::ServerContext* context,
                                            const v1::CreateCommunityRequest* request,
                                            v1::Community* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CommunityService/CreateCommunity",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              communities_.Create(tx, call.scope(), request->community()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CommunityGrpc::GetCommunity(grpc::ServerContext* context,
                                         const v1::GetCommunityRequest* request,
                                         v1::Community* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CommunityService/GetCommunity",
      [&](rpc::Call&) -> absl::Status { return GetRecord(port_, request->id(), response); });
}

grpc::Status CommunityGrpc::UpdateCommunity(grpc::ServerContext* context,
                                            const v1::UpdateCommunityRequest* request,
                                            v1::Community* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CommunityService/UpdateCommunity",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              communities_.Update(tx, call.scope(), request->community()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CommunityGrpc::ListCommunities(grpc::ServerContext* context,
                                            const v1::ListCommunitiesRequest* request,
                                            v1::ListCommunitiesResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CommunityService/ListCommunities",
                          [&](rpc::Call&) -> absl::Status {
                            return ListPage<v1::Community>(port_, *request, "",
                                                           response->mutable_communities(),
                                                           response->mutable_next_page_token());
                          });
}

grpc::Status CommunityGrpc::ApplyMembership(grpc::ServerContext* context,
                                            const v1::ApplyMembershipRequest* request,
                                            v1::Membership* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CommunityService/ApplyMembership",
      [&](rpc::Call& call) -> absl::Status {
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(
              *response, communities_.Apply(tx, call.scope(), request->membership(), tx.Now()));
          return absl::OkStatus();
        });
      });
}

grpc::Status CommunityGrpc::TransitionMembership(grpc::ServerContext* context,
                                                 const v1::TransitionMembershipRequest* request,
                                                 v1::Membership* response) {
  return port_.door.Serve(
      context, "tongjian.registry.v1.CommunityService/TransitionMembership",
      [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const MembershipPeriod next, PeriodOf(*request, call.clock().Now()));
        return Mutate(port_, call, *request, response, [&](store::Transaction& tx) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(*response,
                              communities_.Transition(tx, call.scope(), request->id(), next));
          return absl::OkStatus();
        });
      });
}

grpc::Status CommunityGrpc::ListMemberships(grpc::ServerContext* context,
                                            const v1::ListMembershipsRequest* request,
                                            v1::ListMembershipsResponse* response) {
  return port_.door.Serve(context, "tongjian.registry.v1.CommunityService/ListMemberships",
                          [&](rpc::Call&) -> absl::Status {
                            return ListPage<v1::Membership>(port_, *request, GroupOf(*request),
                                                            response->mutable_memberships(),
                                                            response->mutable_next_page_token());
                          });
}

}  // namespace tongjian::registry
