#include "services/reading/report_grpc.h"

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/rpc/page.h"
#include "services/reading/asked_by.h"
#include "services/reading/codec.h"
#include "services/reading/reports.h"

namespace tongjian::reading {
namespace {

constexpr char kService[] = "tongjian.reading.v1.ReportService/";
constexpr rpc::PageLimits kPages = {.size_default = 20, .size_max = 100};

absl::StatusOr<std::optional<ReportKey>> PositionOf(const rpc::Page& page) {
  if (page.after().empty()) return std::nullopt;
  const std::vector<std::string> parts = absl::StrSplit(page.after(), absl::MaxSplits(' ', 1));
  ReportKey key;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &key.created)) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token", "not a token of this list");
  }
  key.id = parts[1];
  return key;
}

}  // namespace

template <typename Request, typename Work>
grpc::Status ReportGrpc::Change(grpc::ServerContext* context, std::string_view method, const Request& request,
                                v1::Report* out, const Work& work) {
  return door_.Serve(context, std::string(kService).append(method), [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Report report, work(AskedBy(call, request)));
    Touch(&call.trail(), report);
    Encode(report, out);
    return absl::OkStatus();
  });
}

grpc::Status ReportGrpc::SaveDraft(grpc::ServerContext* context, const v1::SaveDraftRequest* request, v1::Report* out) {
  return Change(context, "SaveDraft", *request, out, [&](const Asked& asked) {
    return reports_.SaveDraft(asked, request->task_id(), request->claim_fence(), Decode(request->content()),
                              request->etag());
  });
}

grpc::Status ReportGrpc::IssuePreliminary(grpc::ServerContext* context, const v1::IssuePreliminaryRequest* request,
                                          v1::Report* out) {
  return Change(context, "IssuePreliminary", *request, out, [&](const Asked& asked) {
    return reports_.IssuePreliminary(asked, request->id(), request->claim_fence());
  });
}

grpc::Status ReportGrpc::SignReport(grpc::ServerContext* context, const v1::SignReportRequest* request, v1::Report* out) {
  return Change(context, "SignReport", *request, out, [&](const Asked& asked) {
    return reports_.Sign(asked, request->id(), request->claim_fence(), request->etag(), request->single_duty_reason());
  });
}

grpc::Status ReportGrpc::RejectApproval(grpc::ServerContext* context, const v1::RejectApprovalRequest* request,
                                        v1::Report* out) {
  return Change(context, "RejectApproval", *request, out,
                [&](const Asked& asked) { return reports_.Reject(asked, request->id(), request->reason()); });
}

grpc::Status ReportGrpc::AddAddendum(grpc::ServerContext* context, const v1::AddAddendumRequest* request,
                                     v1::Report* out) {
  return Change(context, "AddAddendum", *request, out, [&](const Asked& asked) {
    return reports_.Add(asked, request->id(), request->etag(), VersionKind::kAddendum, Decode(request->content()),
                        request->reason());
  });
}

grpc::Status ReportGrpc::AmendReport(grpc::ServerContext* context, const v1::AmendReportRequest* request,
                                     v1::Report* out) {
  return Change(context, "AmendReport", *request, out, [&](const Asked& asked) {
    return reports_.Add(asked, request->id(), request->etag(), VersionKind::kAmended, Decode(request->content()),
                        request->reason());
  });
}

grpc::Status ReportGrpc::ReleaseReport(grpc::ServerContext* context, const v1::ReleaseReportRequest* request,
                                       v1::Report* out) {
  return Change(context, "ReleaseReport", *request, out,
                [&](const Asked& asked) { return reports_.Release(asked, request->id(), request->number()); });
}

grpc::Status ReportGrpc::RetractReport(grpc::ServerContext* context, const v1::RetractReportRequest* request,
                                       v1::Report* out) {
  return Change(context, "RetractReport", *request, out,
                [&](const Asked& asked) { return reports_.Retract(asked, request->id(), request->reason()); });
}

grpc::Status ReportGrpc::GetReport(grpc::ServerContext* context, const v1::GetReportRequest* request, v1::Report* out) {
  return door_.Serve(context, std::string(kService) + "GetReport", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Report report, reports_.Get(call.scope(), request->id()));
    Touch(&call.trail(), report);
    Encode(report, out);
    return absl::OkStatus();
  });
}

grpc::Status ReportGrpc::ListReports(grpc::ServerContext* context, const v1::ListReportsRequest* request,
                                     v1::ListReportsResponse* out) {
  return door_.Serve(context, std::string(kService) + "ListReports", [&](rpc::Call& call) -> absl::Status {
    if (request->order_id().empty() == request->patient_id().empty()) {
      return base::InvalidField("order_id", "exactly one of order_id and patient_id must be given");
    }
    TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kPages));
    TJ_ASSIGN_OR_RETURN(const std::optional<ReportKey> after, PositionOf(page));
    TJ_ASSIGN_OR_RETURN(std::vector<Report> reports, reports_.List(call.scope(), request->order_id(),
                                                                   request->patient_id(), after, page.size() + 1));
    if (static_cast<int64_t>(reports.size()) > page.size()) {
      reports.pop_back();
      out->set_next_page_token(
          page.TokenAfter(absl::StrCat(absl::ToUnixMicros(reports.back().create_time), " ", reports.back().id)));
    }
    if (reports.empty()) call.trail().Omit();
    for (const Report& report : reports) {
      Touch(&call.trail(), report);
      Encode(report, out->add_reports());
    }
    return absl::OkStatus();
  });
}

grpc::Status ReportGrpc::VerifyReport(grpc::ServerContext* context, const v1::VerifyReportRequest* request,
                                      v1::VerifyReportResponse* out) {
  return door_.Serve(context, std::string(kService) + "VerifyReport", [&](rpc::Call& call) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const Report report, reports_.Get(call.scope(), request->id()));
    Touch(&call.trail(), report);
    for (const std::string& finding : reports_.Verify(report)) out->add_findings(finding);
    out->set_valid(out->findings_size() == 0);
    return absl::OkStatus();
  });
}

}  // namespace tongjian::reading
