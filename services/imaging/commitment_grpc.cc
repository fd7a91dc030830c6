#include "services/imaging/commitment_grpc.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/acquisition/commitment_page.h"
#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "services/imaging/commitment_judge.h"
#include "services/imaging/ingest_upload.h"
#include "services/imaging/mutate.h"

namespace tongjian::imaging {
namespace {

constexpr char kService[] = "tongjian.imaging.v1.CommitmentService/";
constexpr int kInstancesMax = 500;

bool MaySee(const security::Scope& scope, const Places& places, std::string_view facility_id) {
  if (scope.all() || scope.Contains(facility_id)) return true;
  return std::any_of(scope.facilities().begin(), scope.facilities().end(),
                     [&](const std::string& above) { return places.Within(facility_id, above); });
}

absl::StatusOr<std::vector<dicom::CommitmentReference>> ReferencesOf(
    const v1::CheckInstancesRequest& request) {
  if (request.instances_size() == 0 || request.instances_size() > kInstancesMax)
    return base::InvalidField("instances", "1 to 500 are checked at once");
  std::vector<dicom::CommitmentReference> references;
  for (const v1::CommittedInstance& instance : request.instances()) {
    TJ_TRY(dicom::CheckUid("instances.sop_class_uid", instance.sop_class_uid()));
    TJ_TRY(dicom::CheckUid("instances.sop_instance_uid", instance.sop_instance_uid()));
    references.push_back({instance.sop_class_uid(), instance.sop_instance_uid()});
  }
  return references;
}

}  // namespace

grpc::Status CommitmentGrpc::CheckInstances(grpc::ServerContext* context,
                                            const v1::CheckInstancesRequest* request,
                                            v1::CheckInstancesResponse* response) {
  return door_.Serve(
      context, absl::StrCat(kService, "CheckInstances"), [&](rpc::Call& call) -> absl::Status {
        TJ_TRY(CheckFacility(call, places_, request->facility_id()));
        TJ_ASSIGN_OR_RETURN(const auto references, ReferencesOf(*request));
        TJ_ASSIGN_OR_RETURN(const auto verdicts, JudgeInstances(database_, blobs_,
                                                                request->facility_id(),
                                                                references));
        for (const dicom::CommitmentVerdict& verdict : verdicts) {
          v1::CommittedInstance& instance = *response->add_instances();
          instance.set_sop_class_uid(verdict.reference.sop_class_uid);
          instance.set_sop_instance_uid(verdict.reference.sop_instance_uid);
          instance.set_failure_reason(static_cast<int32_t>(verdict.failure));
        }
        return absl::OkStatus();
      });
}

grpc::Status CommitmentGrpc::ListCommitments(grpc::ServerContext* context,
                                             const v1::ListCommitmentsRequest* request,
                                             v1::ListCommitmentsResponse* response) {
  return door_.Serve(
      context, absl::StrCat(kService, "ListCommitments"), [&](rpc::Call& call) -> absl::Status {
        std::string facility_id = request->facility_id();
        const security::Scope& scope = call.scope();
        if (facility_id.empty() && !scope.all() && !scope.facilities().empty())
          facility_id = scope.facilities().front();
        if (!MaySee(scope, places_, facility_id)) return absl::OkStatus();
        return database_.Read([&](store::Session& session) {
          return acquisition::FillCommitmentPage(session, facility_id, *request, response);
        });
      });
}

grpc::Status CommitmentGrpc::ReplayCommitment(grpc::ServerContext* context,
                                              const v1::ReplayCommitmentRequest* request,
                                              v1::Commitment* response) {
  return door_.Serve(
      context, absl::StrCat(kService, "ReplayCommitment"), [&](rpc::Call& call) -> absl::Status {
        const auto work = [&](store::Transaction& tx, v1::Commitment* out) -> absl::Status {
          TJ_ASSIGN_OR_RETURN(const auto known, acquisition::FindCommitment(tx, request->id()));
          if (!known || !MaySee(call.scope(), places_, known->facility_id))
            return base::NotFound("commitment");
          TJ_TRY(commitments_.Replay(tx, request->id()));
          TJ_ASSIGN_OR_RETURN(const auto after, acquisition::FindCommitment(tx, request->id()));
          *out = acquisition::ToProto(*after);
          return absl::OkStatus();
        };
        return Mutate(database_, call, *request, response, work,
                      [](rpc::Trail& trail, const v1::Commitment& commitment) {
                        trail.TouchObject(commitment.transaction_uid());
                      });
      });
}

}  // namespace tongjian::imaging
