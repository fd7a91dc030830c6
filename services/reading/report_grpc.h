// tongjian.reading.v1.ReportService on the wire: decode, call, encode.
#pragma once

#include <string_view>

#include "common/rpc/door.h"
#include "tongjian/reading/v1/report.grpc.pb.h"

namespace tongjian::reading {

class Reports;

// Safe for concurrent use; all it is given must outlive it.
class ReportGrpc final : public v1::ReportService::Service {
 public:
  ReportGrpc(const Reports& reports, const rpc::Door& door) : reports_(reports), door_(door) {}

  grpc::Status SaveDraft(grpc::ServerContext* context, const v1::SaveDraftRequest* request, v1::Report* out) override;
  grpc::Status IssuePreliminary(grpc::ServerContext* context, const v1::IssuePreliminaryRequest* request,
                                v1::Report* out) override;
  grpc::Status SignReport(grpc::ServerContext* context, const v1::SignReportRequest* request, v1::Report* out) override;
  grpc::Status RejectApproval(grpc::ServerContext* context, const v1::RejectApprovalRequest* request,
                              v1::Report* out) override;
  grpc::Status AddAddendum(grpc::ServerContext* context, const v1::AddAddendumRequest* request, v1::Report* out) override;
  grpc::Status AmendReport(grpc::ServerContext* context, const v1::AmendReportRequest* request, v1::Report* out) override;
  grpc::Status ReleaseReport(grpc::ServerContext* context, const v1::ReleaseReportRequest* request,
                             v1::Report* out) override;
  grpc::Status RetractReport(grpc::ServerContext* context, const v1::RetractReportRequest* request,
                             v1::Report* out) override;
  grpc::Status GetReport(grpc::ServerContext* context, const v1::GetReportRequest* request, v1::Report* out) override;
  grpc::Status ListReports(grpc::ServerContext* context, const v1::ListReportsRequest* request,
                           v1::ListReportsResponse* out) override;
  grpc::Status VerifyReport(grpc::ServerContext* context, const v1::VerifyReportRequest* request,
                            v1::VerifyReportResponse* out) override;

 private:
  // A method that changes one report and answers it.
  template <typename Request, typename Work>
  grpc::Status Change(grpc::ServerContext* context, std::string_view method, const Request& request, v1::Report* out,
                      const Work& work);

  const Reports& reports_;
  const rpc::Door& door_;
};

}  // namespace tongjian::reading
