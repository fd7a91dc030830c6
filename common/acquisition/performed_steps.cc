#include "common/acquisition/performed_steps.h"

#include "common/base/status.h"
#include "common/dicom/uid.h"

namespace tongjian::acquisition {
namespace {

constexpr char kCreate[] = "N-CREATE performed procedure step";
constexpr char kSet[] = "N-SET performed procedure step";

void Touch(rpc::Trail& trail, const PerformedStep& step) {
  trail.TouchObject(step.sop_instance_uid);
  trail.TouchFacilityPatient(step.facility_id, step.attributes.Text(dicom::tags::kPatientId));
}

const char* OperationOf(const dicom::NormalizedRequest& request) {
  return request.operation == dicom::NormalizedOperation::kSet ? kSet : kCreate;
}

}  // namespace

absl::StatusOr<dicom::NormalizedReply> PerformedSteps::Handle(
    const dicom::AssociationInfo& info, const dicom::NormalizedRequest& request) {
  const absl::StatusOr<Sender> sender = senders_.Identify(info);
  absl::Status outcome = sender.status();
  dicom::NormalizedReply reply;
  if (!sender.ok()) {
  } else if (request.operation == dicom::NormalizedOperation::kCreate) {
    const absl::StatusOr<std::string> uid = Create(info, *sender, request);
    outcome = uid.status();
    if (uid.ok()) reply.sop_instance_uid = *uid;
  } else if (request.operation == dicom::NormalizedOperation::kSet) {
    outcome = Set(info, *sender, request);
  } else {
    outcome = absl::UnimplementedError("only N-CREATE and N-SET are served");
  }
  if (outcome.ok()) return reply;
  senders_.Refused(info, OperationOf(request), outcome);
  return outcome;
}

absl::StatusOr<std::string> PerformedSteps::Create(const dicom::AssociationInfo& info,
                                                   const Sender& sender,
                                                   const dicom::NormalizedRequest& request) const {
  TJ_TRY(dicom::CheckNewStep(request.attributes));
  PerformedStep step = {.facility_id = sender.facility_id,
                        .sop_instance_uid = request.sop_instance_uid.empty()
                                                ? dicom::NewUid()
                                                : request.sop_instance_uid,
                        .attributes = request.attributes,
                        .device_ae_title = info.calling_ae,
                        .device_address = info.peer_address,
                        .device_id = sender.device_id,
                        .version = 1};
  rpc::Trail trail = senders_.TrailOf(info, kCreate);
  Touch(trail, step);
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    step.created = step.updated = tx.Now();
    TJ_TRY(InsertStep(tx, step));
    TJ_TRY(changed_(tx, step));
    return trail.WriteIn(tx);
  }));
  return step.sop_instance_uid;
}

absl::Status PerformedSteps::Set(const dicom::AssociationInfo& info, const Sender& sender,
                                 const dicom::NormalizedRequest& request) const {
  rpc::Trail trail = senders_.TrailOf(info, kSet);
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(std::optional<PerformedStep> step,
                        FindStep(tx, sender.facility_id, request.sop_instance_uid));
    if (!step) return base::NotFound("performed procedure step");
    TJ_ASSIGN_OR_RETURN(step->status,
                        dicom::ChangeStep(step->status, step->attributes, request.attributes));
    step->updated = tx.Now();
    ++step->version;
    Touch(trail, *step);
    TJ_TRY(UpdateStep(tx, *step));
    TJ_TRY(changed_(tx, *step));
    return trail.WriteIn(tx);
  });
}

absl::StatusOr<PerformedStep> PerformedSteps::Put(store::Transaction& tx,
                                                  const PerformedStep& step) const {
  TJ_TRY(dicom::CheckStep(step.status, step.attributes));
  TJ_ASSIGN_OR_RETURN(std::optional<PerformedStep> known,
                      FindStep(tx, step.facility_id, step.sop_instance_uid));
  if (known && (known->version >= step.version || dicom::IsFinal(known->status)))
    return *std::move(known);
  TJ_TRY(known ? UpdateStep(tx, step) : InsertStep(tx, step));
  TJ_TRY(changed_(tx, step));
  return step;
}

}  // namespace tongjian::acquisition
