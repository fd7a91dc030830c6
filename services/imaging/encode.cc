#include "services/imaging/encode.h"

#include "common/rpc/proto_time.h"

namespace tongjian::imaging {
namespace {

void FillPatient(const Study& study, common::v1::PatientRef* patient) {
  patient->set_facility_id(study.patient.facility_id);
  patient->set_facility_patient_id(study.patient.facility_patient_id);
  patient->set_name(study.patient.name);
  patient->set_name_latin(study.patient.name_latin);
  patient->set_sex(static_cast<common::v1::Sex>(study.patient.sex));
  patient->set_birth_date(study.patient.birth_date);
  patient->set_patient_id(study.patient_id);
}

void FillTime(const FactTime& time, common::v1::FactTime* out) {
  if (time.device) *out->mutable_device_time() = rpc::ToProto(*time.device);
  *out->mutable_receipt_time() = rpc::ToProto(time.receipt);
  out->set_offset_ms(time.offset_ms);
  out->set_implausible(time.implausible);
}

std::string_view Word(ConflictState state) {
  switch (state) {
    case ConflictState::kOpen:
      return "open";
    case ConflictState::kKeptFirst:
      return "kept_first";
    case ConflictState::kTookLater:
      return "took_later";
  }
  return "";
}

}  // namespace

v1::Study ToProto(const Study& study) {
  v1::Study out;
  out.set_id(study.id);
  out.set_study_instance_uid(study.study_instance_uid);
  out.set_facility_id(study.facility_id);
  FillPatient(study, out.mutable_patient());
  out.set_accession_number(study.accession_number);
  for (const std::string& modality : study.modalities) out.add_modalities(modality);
  out.set_description(study.description);
  out.set_body_part(study.body_part);
  FillTime(study.performed, out.mutable_performed());
  if (study.performed.confirmed)
    *out.mutable_confirmed_time() = rpc::ToProto(*study.performed.confirmed);
  out.set_state(static_cast<v1::StudyState>(study.state));
  out.set_match(static_cast<v1::MatchState>(study.match));
  for (const std::string& order_id : study.order_ids) out.add_order_ids(order_id);
  out.set_series_count(static_cast<int32_t>(study.series_count));
  out.set_instance_count(static_cast<int32_t>(study.instance_count));
  out.set_size(study.size);
  out.set_conflict_count(static_cast<int32_t>(study.conflict_count));
  out.set_grade(study.grade);
  out.set_grade_reason(study.grade_reason);
  out.set_charset_guessed(study.charset_guessed);
  out.set_device_ae_title(study.device_ae_title);
  out.set_device_id(study.device_id);
  out.set_priority(static_cast<common::v1::Priority>(study.priority));
  *out.mutable_create_time() = rpc::ToProto(study.created);
  *out.mutable_update_time() = rpc::ToProto(study.updated);
  out.set_version(study.version);
  out.set_etag(study.Etag());
  out.set_expected_count(static_cast<int32_t>(study.expected_count));
  out.set_exam_state(static_cast<v1::PerformedStepState>(study.exam));
  out.set_exam_note(study.exam_note);
  out.set_awaited_count(static_cast<int32_t>(study.awaited));
  if (study.flags & kUidOfOtherPatient) out.add_flags(v1::STUDY_FLAG_UID_OF_OTHER_PATIENT);
  if (study.flags & kUidOfOtherFacility) out.add_flags(v1::STUDY_FLAG_UID_OF_OTHER_FACILITY);
  return out;
}

v1::Series ToProto(const Series& series) {
  v1::Series out;
  out.set_series_instance_uid(series.series_instance_uid);
  out.set_modality(series.modality);
  out.set_number(static_cast<int32_t>(series.number));
  out.set_description(series.description);
  out.set_instance_count(static_cast<int32_t>(series.instance_count));
  return out;
}

v1::Instance ToProto(const Instance& instance) {
  v1::Instance out;
  out.set_sop_instance_uid(instance.sop_instance_uid);
  out.set_sop_class_uid(instance.sop_class_uid);
  out.set_series_instance_uid(instance.series_instance_uid);
  out.set_transfer_syntax_uid(instance.transfer_syntax_uid);
  out.set_number(static_cast<int32_t>(instance.number));
  out.set_frames(static_cast<int32_t>(instance.frames));
  out.set_size(instance.size);
  out.set_digest(instance.digest);
  *out.mutable_receive_time() = rpc::ToProto(instance.received);
  return out;
}

v1::Conflict ToProto(const Conflict& conflict) {
  v1::Conflict out;
  out.set_id(conflict.id);
  out.set_study_id(conflict.study_id);
  out.set_sop_instance_uid(conflict.sop_instance_uid);
  out.set_first_digest(conflict.first_digest);
  out.set_later_digest(conflict.later_digest);
  *out.mutable_receive_time() = rpc::ToProto(conflict.received);
  out.set_device_ae_title(conflict.device_ae_title);
  out.set_state(std::string(Word(conflict.state)));
  out.set_size(conflict.size);
  out.set_later_study_instance_uid(conflict.later_study_instance_uid);
  out.set_decided_by(conflict.decided_by);
  out.set_reason(conflict.reason);
  return out;
}

v1::StudyHistoryEntry ToProto(const HistoryEntry& entry) {
  v1::StudyHistoryEntry out;
  out.set_sequence(entry.sequence);
  *out.mutable_time() = rpc::ToProto(entry.time);
  out.set_action(entry.action);
  out.set_order_id(entry.order_id);
  out.set_by(entry.by);
  out.set_actor(entry.actor);
  out.set_reason(entry.reason);
  return out;
}

}  // namespace tongjian::imaging
