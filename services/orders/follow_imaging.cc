#include "services/orders/follow_imaging.h"

#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "services/orders/order_codec.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::orders {
namespace {

namespace imaging = tongjian::imaging::v1;

// When the exam was done: as a person confirmed it, else by the device's corrected clock where it
// can be believed, else by our receipt.
absl::Time PerformedAt(const imaging::Study& study) {
  if (study.has_confirmed_time()) return rpc::FromProto(study.confirmed_time());
  const common::v1::FactTime& performed = study.performed();
  if (performed.has_device_time() && !performed.implausible()) {
    return rpc::FromProto(performed.device_time()) - absl::Milliseconds(performed.offset_ms());
  }
  if (performed.has_receipt_time()) return rpc::FromProto(performed.receipt_time());
  return study.has_create_time() ? rpc::FromProto(study.create_time()) : absl::InfinitePast();
}

StudyFact::Progress ProgressOf(imaging::StudyState state) {
  switch (state) {
    case imaging::STUDY_STATE_COMPLETE:
    case imaging::STUDY_STATE_VERIFIED:
      return StudyFact::Progress::kComplete;
    case imaging::STUDY_STATE_REOPENED:
      return StudyFact::Progress::kReopened;
    default:
      return StudyFact::Progress::kReceiving;
  }
}

StudyFact FactOf(const imaging::Study& study) {
  StudyFact fact = {.id = study.id(),
                    .study_instance_uid = study.study_instance_uid(),
                    .facility_id = study.facility_id(),
                    .patient = DecodePatient(study.patient()),
                    .accession_number = study.accession_number(),
                    .modalities = {study.modalities().begin(), study.modalities().end()},
                    .description = study.description(),
                    .body_part = study.body_part(),
                    .progress = ProgressOf(study.state()),
                    .doubtful = study.match() == imaging::MATCH_STATE_DOUBTFUL,
                    .order_ids = {study.order_ids().begin(), study.order_ids().end()},
                    .performed = PerformedAt(study),
                    .version = study.version()};
  if (study.priority() != 0) fact.priority = static_cast<Priority>(study.priority());
  return fact;
}

Exam ExamOf(imaging::PerformedStepState state) {
  switch (state) {
    case imaging::PERFORMED_STEP_STATE_IN_PROGRESS:
      return Exam::kStarted;
    case imaging::PERFORMED_STEP_STATE_COMPLETED:
      return Exam::kCompleted;
    case imaging::PERFORMED_STEP_STATE_DISCONTINUED:
      return Exam::kDiscontinued;
    default:
      return Exam::kNone;
  }
}

StepFact FactOf(const imaging::PerformedStep& step) {
  StepFact fact = {.uid = step.sop_instance_uid(),
                   .facility_id = step.facility_id(),
                   .patient = DecodePatient(step.patient()),
                   .exam = ExamOf(step.state()),
                   .reason = step.discontinuation_reason(),
                   .version = step.version()};
  for (const imaging::ScheduledStep& scheduled : step.scheduled()) {
    fact.requests.push_back({scheduled.study_instance_uid(), scheduled.accession_number(),
                             scheduled.requested_procedure_id()});
  }
  return fact;
}

}  // namespace

feed::Follower::Handler FollowImaging(const StudyNews& studies, const StepNews& steps) {
  return [&](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
    if (const auto changed = feed::As<events::v1::StudyChanged>(event))
      return studies.Apply(tx, FactOf(changed->study()));
    if (const auto changed = feed::As<events::v1::PerformedStepChanged>(event))
      return steps.Apply(tx, FactOf(changed->step()));
    return absl::OkStatus();
  };
}

}  // namespace tongjian::orders
