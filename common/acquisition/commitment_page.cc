#include "common/acquisition/commitment_page.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"

namespace tongjian::acquisition {
namespace {

constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};
constexpr int kFailedMax = 100;

}  // namespace

imaging::v1::Commitment ToProto(const Commitment& commitment) {
  imaging::v1::Commitment out;
  out.set_id(commitment.id);
  out.set_facility_id(commitment.facility_id);
  out.set_transaction_uid(commitment.transaction_uid);
  out.set_device_ae_title(commitment.device_ae_title);
  out.set_state(static_cast<imaging::v1::CommitmentState>(commitment.state));
  out.set_instance_count(static_cast<int32_t>(commitment.verdicts.size()));
  out.set_failed_count(static_cast<int32_t>(commitment.failures()));
  for (const dicom::CommitmentVerdict& verdict : commitment.verdicts) {
    if (verdict.failure == dicom::CommitmentFailure::kNone) continue;
    if (out.failed_size() >= kFailedMax) break;
    imaging::v1::CommittedInstance& failed = *out.add_failed();
    failed.set_sop_class_uid(verdict.reference.sop_class_uid);
    failed.set_sop_instance_uid(verdict.reference.sop_instance_uid);
    failed.set_failure_reason(static_cast<int32_t>(verdict.failure));
  }
  out.set_last_error(commitment.last_error);
  *out.mutable_create_time() = rpc::ToProto(commitment.created);
  *out.mutable_update_time() = rpc::ToProto(commitment.updated);
  return out;
}

absl::Status FillCommitmentPage(store::Session& session, const std::string& facility_id,
                                const imaging::v1::ListCommitmentsRequest& request,
                                imaging::v1::ListCommitmentsResponse* response) {
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, kPages));
  CommitmentFilter filter = {.facility_id = facility_id};
  if (!imaging::v1::CommitmentState_IsValid(request.state()))
    return base::InvalidField("state", "unknown state");
  if (request.state() != imaging::v1::COMMITMENT_STATE_UNSPECIFIED)
    filter.state = static_cast<CommitmentState>(request.state());
  if (!page.after().empty()) {
    const size_t space = page.after().find(' ');
    int64_t created = 0;
    if (space == std::string::npos || !absl::SimpleAtoi(page.after().substr(0, space), &created)) {
      return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                         "not a token of this list");
    }
    filter.before_created = absl::FromUnixMicros(created);
    filter.before_id = page.after().substr(space + 1);
  }
  TJ_ASSIGN_OR_RETURN(std::vector<Commitment> found,
                      ListCommitments(session, filter, page.size() + 1));
  if (static_cast<int64_t>(found.size()) > page.size()) {
    found.pop_back();
    response->set_next_page_token(page.TokenAfter(
        absl::StrCat(absl::ToUnixMicros(found.back().created), " ", found.back().id)));
  }
  for (const Commitment& commitment : found) *response->add_commitments() = ToProto(commitment);
  return absl::OkStatus();
}

}  // namespace tongjian::acquisition
