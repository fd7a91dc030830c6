#include "services/audit/audit_grpc.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "services/audit/encode.h"
#include "services/audit/verify.h"

namespace tongjian::audit {
namespace {

absl::StatusOr<EntryFilter> FilterOf(const v1::ListEntriesRequest& request) {
  EntryFilter filter{.patient_id = request.patient_id(),
                     .object_id = request.object_id(),
                     .actor = request.actor(),
                     .facility_id = request.facility_id(),
                     .from = std::nullopt,
                     .to = std::nullopt};
  if (request.has_from_time()) {
    TJ_ASSIGN_OR_RETURN(filter.from, rpc::CheckedTime(request.from_time(), "from_time"));
  }
  if (request.has_to_time()) {
    TJ_ASSIGN_OR_RETURN(filter.to, rpc::CheckedTime(request.to_time(), "to_time"));
  }
  return filter;
}

}  // namespace

grpc::Status AuditGrpc::ListEntries(grpc::ServerContext* context,
                                    const v1::ListEntriesRequest* request,
                                    v1::ListEntriesResponse* response) {
  return door_.Serve(
      context, "tongjian.audit.v1.AuditService/ListEntries", [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request));
        TJ_ASSIGN_OR_RETURN(const EntryFilter filter, FilterOf(*request));
        int64_t before = 0;
        if (!page.after().empty() && !absl::SimpleAtoi(page.after(), &before)) {
          return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                             "not a page token");
        }
        call.trail().TouchPatient(request->patient_id());
        call.trail().TouchObject(request->object_id());
        TJ_ASSIGN_OR_RETURN(const auto links,
                            store_.List(call.scope(), filter, before, page.size() + 1));
        for (size_t i = 0; i < links.size() && static_cast<int64_t>(i) < page.size(); ++i) {
          TJ_TRY(Encode(links[i], response->add_entries()));
        }
        if (static_cast<int64_t>(links.size()) > page.size()) {
          response->set_next_page_token(
              page.TokenAfter(absl::StrCat(links[page.size() - 1].sequence)));
        }
        return absl::OkStatus();
      });
}

grpc::Status AuditGrpc::VerifyTrail(grpc::ServerContext* context,
                                    const v1::VerifyTrailRequest* request,
                                    v1::VerifyTrailResponse* response) {
  return door_.Serve(context, "tongjian.audit.v1.AuditService/VerifyTrail",
                     [&](rpc::Call&) -> absl::Status {
                       std::vector<Head> known;
                       if (request->has_known_head()) {
                         TJ_ASSIGN_OR_RETURN(Head head, Decode(request->known_head()));
                         known.push_back(std::move(head));
                       }
                       TJ_ASSIGN_OR_RETURN(const Head head, heads_.Sign());
                       TJ_ASSIGN_OR_RETURN(const Verification found,
                                           Verify(store_, heads_, request->from_sequence(), known));
                       response->set_intact(found.intact());
                       response->set_entries(found.entries);
                       for (const Fault& fault : found.faults) {
                         v1::TrailFault* out = response->add_faults();
                         out->set_sequence(fault.sequence);
                         out->set_kind(fault.kind);
                         out->set_message(fault.message);
                       }
                       Encode(head, response->mutable_head());
                       return absl::OkStatus();
                     });
}

grpc::Status AuditGrpc::GetHead(grpc::ServerContext* context, const v1::GetHeadRequest*,
                                v1::SignedHead* response) {
  return door_.Serve(context, "tongjian.audit.v1.AuditService/GetHead",
                     [&](rpc::Call&) -> absl::Status {
                       TJ_ASSIGN_OR_RETURN(const Head head, heads_.Sign());
                       Encode(head, response);
                       return absl::OkStatus();
                     });
}

grpc::Status AuditGrpc::AppendRecords(grpc::ServerContext* context,
                                      const v1::AppendRecordsRequest* request,
                                      v1::AppendRecordsResponse* response) {
  return door_.Serve(
      context, "tongjian.audit.v1.AuditService/AppendRecords",
      [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(*response,
                            deliveries_.Append(call.caller().facility_id, *request));
        call.trail().Omit();  // The entries say who delivered them.
        return absl::OkStatus();
      });
}

}  // namespace tongjian::audit
