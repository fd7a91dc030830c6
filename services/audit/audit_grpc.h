// tongjian.audit.v1.AuditService on the wire.
#pragma once

#include "common/rpc/door.h"
#include "services/audit/delivery.h"
#include "services/audit/heads.h"
#include "services/audit/trail_store.h"
#include "tongjian/audit/v1/audit.grpc.pb.h"

namespace tongjian::audit {

// Everything given must outlive it.
class AuditGrpc final : public v1::AuditService::Service {
 public:
  AuditGrpc(TrailStore& store, Heads& heads, Deliveries& deliveries, const rpc::Door& door)
      : store_(store), heads_(heads), deliveries_(deliveries), door_(door) {}

  grpc::Status ListEntries(grpc::ServerContext* context, const v1::ListEntriesRequest* request,
                           v1::ListEntriesResponse* response) override;
  grpc::Status VerifyTrail(grpc::ServerContext* context, const v1::VerifyTrailRequest* request,
                           v1::VerifyTrailResponse* response) override;
  grpc::Status GetHead(grpc::ServerContext* context, const v1::GetHeadRequest* request,
                       v1::SignedHead* response) override;
  grpc::Status AppendRecords(grpc::ServerContext* context,
                             const v1::AppendRecordsRequest* request,
                             v1::AppendRecordsResponse* response) override;

 private:
  TrailStore& store_;
  Heads& heads_;
  Deliveries& deliveries_;
  const rpc::Door& door_;
};

}  // namespace tongjian::audit
