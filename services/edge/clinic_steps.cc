#include "services/edge/clinic_steps.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/security/digest.h"
#include "services/edge/order_store.h"
#include "services/edge/outgoing.h"
#include "services/edge/spool_store.h"
#include "tongjian/imaging/v1/performed_step.pb.h"

namespace tongjian::edge {
namespace {

absl::StatusOr<imaging::v1::PutPerformedStepRequest> RequestOf(
    const acquisition::PerformedStep& step) {
  imaging::v1::PutPerformedStepRequest request;
  request.set_request_id(security::Sha256Text(absl::StrCat(step.facility_id, "/",
                                                           step.sop_instance_uid, "/",
                                                           step.version))
                             .substr(7, 40));
  request.set_facility_id(step.facility_id);
  request.set_sop_instance_uid(step.sop_instance_uid);
  request.set_state(static_cast<imaging::v1::PerformedStepState>(step.status));
  TJ_ASSIGN_OR_RETURN(*request.mutable_attributes(), dicom::EncodeAttributes(step.attributes));
  request.set_version(step.version);
  request.set_device_ae_title(step.device_ae_title);
  request.set_device_address(step.device_address);
  *request.mutable_create_time() = rpc::ToProto(step.created);
  *request.mutable_update_time() = rpc::ToProto(step.updated);
  return request;
}

// Whose deliveries it follows: an order's that the hub may not have yet, else its own.
absl::StatusOr<std::string> SubjectOf(store::Session& session,
                                      const acquisition::PerformedStep& step,
                                      const dicom::StepWords& words) {
  for (const dicom::StepRequest& request : words.requests) {
    TJ_ASSIGN_OR_RETURN(const auto order, FindByStudy(session, request.study_instance_uid));
    if (order) return order->order.id();
  }
  return step.sop_instance_uid;
}

}  // namespace

absl::Status ClinicSteps::Changed(store::Transaction& tx,
                                  const acquisition::PerformedStep& step) const {
  const dicom::StepWords words = dicom::WordsOf(step.attributes);
  TJ_ASSIGN_OR_RETURN(const std::string subject, SubjectOf(tx, step, words));
  TJ_ASSIGN_OR_RETURN(const imaging::v1::PutPerformedStepRequest request, RequestOf(step));
  TJ_TRY(outgoing_.PutStep(tx, itself_, subject, request));
  if (step.status == dicom::StepStatus::kCompleted) TJ_TRY(FinishIfWhole(tx, words));
  return absl::OkStatus();
}

absl::Status ClinicSteps::FinishIfWhole(store::Transaction& tx,
                                        const dicom::StepWords& words) const {
  for (const dicom::StepSeries& series : words.series) {
    for (const dicom::StepInstance& named : series.instances) {
      TJ_ASSIGN_OR_RETURN(const bool here, spool_.Knows(tx, named.sop_instance_uid));
      if (!here) return absl::OkStatus();
    }
  }
  std::set<std::string> studies;
  for (const dicom::StepRequest& request : words.requests)
    studies.insert(request.study_instance_uid);
  for (const std::string& uid : studies) {
    // One of which nothing was sent has nothing to report.
    const absl::Status asked = spool_.AskToFinish(tx, uid).status();
    if (!asked.ok() && !absl::IsNotFound(asked)) return asked;
  }
  return absl::OkStatus();
}

}  // namespace tongjian::edge
