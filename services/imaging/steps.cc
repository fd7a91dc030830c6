#include "services/imaging/steps.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "services/imaging/awaited_store.h"
#include "services/imaging/link_store.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::imaging {
namespace {

using acquisition::PerformedStep;

constexpr int64_t kStepsMax = 100;  // Of a study, as far as they are looked at.
constexpr size_t kNoteMax = 256;
constexpr char kBy[] = "performed_step";

PatientWords PatientOf(const PerformedStep& step) {
  PatientWords words = PatientWordsOf(step.attributes);
  words.facility_id = step.facility_id;
  return words;
}

bool IsOf(const PerformedStep& step, const Study& study) {
  return SamePatient(study.patient, PatientOf(step), true);
}

// Why it was broken off, in words that can be shown.
std::string ReasonOf(const PerformedStep& step) {
  if (step.status != dicom::StepStatus::kDiscontinued) return "";
  const std::string reason =
      Shown(dicom::WordsOf(step.attributes).discontinuation_reason, kNoteMax);
  return reason.empty() ? "no reason given" : reason;
}

// How the exam stands: by its last step; what was broken off before stays to be read.
absl::Status Reckon(store::Transaction& tx, Study& study) {
  TJ_ASSIGN_OR_RETURN(std::vector<PerformedStep> steps,
                      acquisition::StepsOfStudy(tx, study.facility_id, study.study_instance_uid,
                                                kStepsMax));
  std::erase_if(steps, [&](const PerformedStep& step) { return !IsOf(step, study); });
  if (steps.empty()) return absl::OkStatus();
  study.exam = static_cast<ExamState>(steps.back().status);
  study.exam_note.clear();
  for (const PerformedStep& step : steps) {
    const std::string reason = ReasonOf(step);
    if (reason.empty() || study.exam_note.size() + reason.size() > 2 * kNoteMax) continue;
    study.exam_note += (study.exam_note.empty() ? "" : "; ") + reason;
  }
  TJ_ASSIGN_OR_RETURN(study.awaited,
                      CountAwaited(tx, study.facility_id, study.study_instance_uid));
  return SetExam(tx, study);
}

// The entry a step's change makes in the history; one that goes on makes none.
std::string_view ActionOf(const PerformedStep& step) {
  if (step.status == dicom::StepStatus::kCompleted) return "exam_completed";
  if (step.status == dicom::StepStatus::kDiscontinued) return "exam_discontinued";
  return step.version == 1 ? "exam_started" : "";
}

// The study a named instance belongs to: where the step was made for several, the first.
absl::Status AwaitMissing(store::Transaction& tx, const PerformedStep& step,
                          const dicom::StepWords& words) {
  for (const dicom::StepSeries& series : words.series) {
    for (const dicom::StepInstance& named : series.instances) {
      TJ_ASSIGN_OR_RETURN(const auto here,
                          InstanceOf(tx, step.facility_id, named.sop_instance_uid));
      if (here) continue;
      TJ_TRY(Await(tx, step.facility_id, words.requests.front().study_instance_uid,
                   named.sop_instance_uid));
    }
  }
  return absl::OkStatus();
}

void SetTime(const std::string& date, const std::string& time, absl::TimeZone zone,
             google::protobuf::Timestamp* (v1::PerformedStep::*field)(), v1::PerformedStep& out) {
  if (const auto parsed = ParseDateTime(date, time, zone)) *(out.*field)() = rpc::ToProto(*parsed);
}

void EncodePatient(const PatientWords& words, common::v1::PatientRef* out) {
  out->set_facility_id(words.facility_id);
  out->set_facility_patient_id(words.facility_patient_id);
  out->set_name(words.name);
  out->set_name_latin(words.name_latin);
  out->set_sex(static_cast<common::v1::Sex>(words.sex));
  out->set_birth_date(words.birth_date);
}

void EncodeMade(const dicom::StepWords& words, v1::PerformedStep& out) {
  constexpr int kSeriesMax = 200;
  for (const dicom::StepSeries& series : words.series) {
    if (out.series_size() >= kSeriesMax) break;
    v1::PerformedSeries& made = *out.add_series();
    made.set_series_instance_uid(series.series_instance_uid);
    made.set_description(Shown(series.description, kNoteMax));
    made.set_protocol(Shown(series.protocol, kNoteMax));
    made.set_instance_count(static_cast<int32_t>(series.instances.size()));
  }
  out.set_instance_count(static_cast<int32_t>(words.instances()));
}

}  // namespace

absl::Status Steps::Tell(store::Transaction& tx, const PerformedStep& step, Study& study) const {
  TJ_TRY(Reckon(tx, study));
  if (const std::string_view action = ActionOf(step); !action.empty()) {
    TJ_TRY(AddHistory(tx, study.id,
                      {.action = std::string(action), .by = kBy, .reason = ReasonOf(step)}));
  }
  if (const Transition transition = Told(study, tx.Now(), quiet_))
    TJ_TRY(AddHistory(tx, study.id, {.action = std::string(*transition), .by = kBy}));
  return SaveStudy(tx, study, News::kNow);
}

absl::Status Steps::Changed(store::Transaction& tx, const PerformedStep& step) const {
  const dicom::StepWords words = dicom::WordsOf(step.attributes);
  if (dicom::IsFinal(step.status)) TJ_TRY(AwaitMissing(tx, step, words));
  std::set<std::string> uids;
  std::set<std::string> audience = {step.facility_id};
  for (const dicom::StepRequest& request : words.requests) uids.insert(request.study_instance_uid);
  for (const std::string& uid : uids) {
    TJ_ASSIGN_OR_RETURN(std::vector<Study> studies, StudiesOfUid(tx, step.facility_id, uid));
    for (Study& study : studies) {
      if (!IsOf(step, study)) continue;
      TJ_TRY(Tell(tx, step, study));
      TJ_ASSIGN_OR_RETURN(const std::vector<std::string> seeing, AudienceOf(tx, study.id));
      audience.insert(seeing.begin(), seeing.end());
    }
  }
  events::v1::PerformedStepChanged changed;
  *changed.mutable_step() = Encode(step);
  TJ_ASSIGN_OR_RETURN(const std::string patient_id, imaging::PatientOf(tx, PatientOf(step)));
  changed.mutable_step()->mutable_patient()->set_patient_id(patient_id);
  tx.Emit(feed::MakeEvent(kStream, step.sop_instance_uid, {audience.begin(), audience.end()},
                          changed));
  return absl::OkStatus();
}

v1::PerformedStep Steps::Encode(const PerformedStep& step) const {
  const dicom::StepWords words = dicom::WordsOf(step.attributes);
  const absl::TimeZone zone = ZoneOf(step.attributes, times_);
  v1::PerformedStep out;
  out.set_sop_instance_uid(step.sop_instance_uid);
  out.set_facility_id(step.facility_id);
  out.set_state(static_cast<v1::PerformedStepState>(step.status));
  for (const dicom::StepRequest& request : words.requests) {
    v1::ScheduledStep& scheduled = *out.add_scheduled();
    scheduled.set_study_instance_uid(request.study_instance_uid);
    scheduled.set_accession_number(Shown(request.accession_number, 64));
    scheduled.set_requested_procedure_id(Shown(request.requested_procedure_id, 64));
    scheduled.set_scheduled_step_id(Shown(request.scheduled_step_id, 64));
  }
  EncodePatient(PatientOf(step), out.mutable_patient());
  out.set_modality(Shown(words.modality, 16));
  out.set_step_id(Shown(words.step_id, 64));
  out.set_description(Shown(words.description, kNoteMax));
  out.set_station_ae_title(Shown(words.station_ae_title, 16));
  out.set_device_ae_title(step.device_ae_title);
  out.set_device_id(step.device_id);
  SetTime(words.start_date, words.start_time, zone, &v1::PerformedStep::mutable_start_time, out);
  if (dicom::IsFinal(step.status))
    SetTime(words.end_date, words.end_time, zone, &v1::PerformedStep::mutable_end_time, out);
  out.set_discontinuation_reason(ReasonOf(step));
  EncodeMade(words, out);
  *out.mutable_create_time() = rpc::ToProto(step.created);
  *out.mutable_update_time() = rpc::ToProto(step.updated);
  out.set_version(step.version);
  return out;
}

absl::Status MeetSteps(store::Transaction& tx, Study& study) { return Reckon(tx, study); }

absl::Status NoteArrival(store::Transaction& tx, Study& study, const Instance& instance,
                         const QuietRules& quiet) {
  if (study.awaited == 0) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const bool awaited,
                      EndAwaiting(tx, study.facility_id, instance.sop_instance_uid));
  if (!awaited) return absl::OkStatus();
  --study.awaited;
  TJ_TRY(SetExam(tx, study));
  if (study.awaited > 0) return absl::OkStatus();
  const Transition transition = Told(study, tx.Now(), quiet);
  if (!transition) return absl::OkStatus();
  return AddHistory(tx, study.id, {.action = std::string(*transition), .by = kBy});
}

}  // namespace tongjian::imaging
