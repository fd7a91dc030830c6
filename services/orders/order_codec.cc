#include "services/orders/order_codec.h"

#include "common/base/check.h"
#include "common/forms/order_form.h"
#include "common/rpc/proto_time.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::orders {
namespace {

namespace wire = tongjian::common::v1;

template <typename Strings>
std::vector<std::string> List(const Strings& strings) {
  return {strings.begin(), strings.end()};
}

void SetTime(absl::Time time, google::protobuf::Timestamp* (v1::Order::*field)(), v1::Order* out) {
  if (Stated(time)) *(out->*field)() = rpc::ToProto(time);
}

absl::Time TimeOf(bool stated, const google::protobuf::Timestamp& time) {
  return stated ? rpc::FromProto(time) : absl::InfinitePast();
}

void EncodePatient(const Patient& patient, wire::PatientRef* out) {
  out->set_facility_id(patient.facility_id);
  out->set_facility_patient_id(patient.facility_patient_id);
  out->set_name(patient.name);
  out->set_name_latin(patient.name_latin);
  out->set_sex(static_cast<wire::Sex>(patient.sex));
  out->set_birth_date(patient.birth_date);
  for (const Identifier& identifier : patient.identifiers) {
    wire::Identifier* to = out->add_identifiers();
    to->set_type(static_cast<wire::IdentifierType>(identifier.type));
    to->set_value(identifier.value);
    to->set_assigner_facility_id(identifier.assigner_facility_id);
  }
  out->set_patient_id(patient.patient_id);
}

void EncodeItem(const Item& item, v1::OrderItem* out) {
  out->set_id(item.id);
  out->set_item_id(item.item_id);
  out->set_local_code(item.local_code);
  out->set_recognition_code(item.recognition_code);
  out->set_name(item.name);
  out->set_modality(item.modality);
  out->set_body_part(item.body_part);
  out->set_laterality(item.laterality);
  out->set_study_instance_uid(item.study_instance_uid);
  out->mutable_study_instance_uids()->Assign(item.study_instance_uids.begin(),
                                             item.study_instance_uids.end());
  out->mutable_report_ids()->Assign(item.report_ids.begin(), item.report_ids.end());
  out->set_price_fen(item.price_fen);
  out->set_exam_state(static_cast<v1::ExamState>(item.exam));
}

Item DecodeItem(const v1::OrderItem& in) {
  return {.id = in.id(),
          .item_id = in.item_id(),
          .local_code = in.local_code(),
          .recognition_code = in.recognition_code(),
          .name = in.name(),
          .modality = in.modality(),
          .body_part = in.body_part(),
          .laterality = in.laterality(),
          .study_instance_uid = in.study_instance_uid(),
          .study_instance_uids = List(in.study_instance_uids()),
          .report_ids = List(in.report_ids()),
          .price_fen = in.price_fen(),
          .exam = static_cast<Exam>(in.exam_state())};
}

void EncodeRouting(const Routing& routing, v1::Routing* out) {
  out->set_center_id(routing.center_id);
  out->set_performing_facility_id(routing.performing_facility_id);
  out->set_reason(routing.reason);
  out->set_reading_mode(static_cast<registry::v1::ReadingMode>(routing.reading_mode));
  out->set_signers(routing.signers);
  out->mutable_earlier_center_ids()->Assign(routing.earlier_center_ids.begin(),
                                            routing.earlier_center_ids.end());
  out->set_community_id(routing.community_id);
  out->set_desk_facility_id(routing.desk_facility_id);
}

Routing DecodeRouting(const v1::Routing& in) {
  return {.center_id = in.center_id(),
          .performing_facility_id = in.performing_facility_id(),
          .reason = in.reason(),
          .reading_mode = static_cast<ReadingMode>(in.reading_mode()),
          .signers = in.signers(),
          .earlier_center_ids = List(in.earlier_center_ids()),
          .community_id = in.community_id(),
          .desk_facility_id = in.desk_facility_id()};
}

void EncodeTurnaround(const Turnaround& turnaround, v1::Turnaround* out) {
  out->set_target(turnaround.target);
  out->set_unit(static_cast<registry::v1::TurnaroundUnit>(turnaround.unit));
  out->set_start(static_cast<registry::v1::TurnaroundStart>(turnaround.start));
  out->set_source(turnaround.source);
  if (Stated(turnaround.start_time))
    *out->mutable_start_time() = rpc::ToProto(turnaround.start_time);
}

Turnaround DecodeTurnaround(const v1::Turnaround& in) {
  return {.target = in.target(),
          .unit = static_cast<TurnaroundUnit>(in.unit()),
          .start = static_cast<TurnaroundStart>(in.start()),
          .source = in.source(),
          .start_time = TimeOf(in.has_start_time(), in.start_time())};
}

void EncodeTimes(const Order& order, v1::Order* out) {
  SetTime(order.deadline, &v1::Order::mutable_deadline, out);
  SetTime(order.scheduled_time, &v1::Order::mutable_scheduled_time, out);
  SetTime(order.create_time, &v1::Order::mutable_create_time, out);
  SetTime(order.receive_time, &v1::Order::mutable_receive_time, out);
  SetTime(order.update_time, &v1::Order::mutable_update_time, out);
}

void DecodeTimes(const v1::Order& in, Order& order) {
  order.deadline = TimeOf(in.has_deadline(), in.deadline());
  order.scheduled_time = TimeOf(in.has_scheduled_time(), in.scheduled_time());
  order.create_time = TimeOf(in.has_create_time(), in.create_time());
  order.receive_time = TimeOf(in.has_receive_time(), in.receive_time());
  order.update_time = TimeOf(in.has_update_time(), in.update_time());
}

void EncodeParties(const Order& order, v1::Order* out) {
  out->set_ordering_facility_id(order.ordering_facility_id);
  out->set_recording_facility_id(order.recording_facility_id);
  EncodePatient(order.patient, out->mutable_patient());
  out->mutable_requester()->set_practitioner_id(order.requester.practitioner_id);
  out->mutable_requester()->set_name(order.requester.name);
  out->mutable_requester()->set_facility_id(order.requester.facility_id);
  out->mutable_recognition()->set_decision_id(order.recognition.decision_id);
  out->mutable_recognition()->set_verdict(order.recognition.verdict);
  out->mutable_recognition()->set_reason_code(order.recognition.reason_code);
}

void DecodeParties(const v1::Order& in, Order& order) {
  order.ordering_facility_id = in.ordering_facility_id();
  order.recording_facility_id = in.recording_facility_id();
  order.patient = DecodePatient(in.patient());
  order.requester = {in.requester().practitioner_id(), in.requester().name(),
                     in.requester().facility_id()};
  order.recognition = {in.recognition().decision_id(), in.recognition().verdict(),
                       in.recognition().reason_code()};
}

}  // namespace

Patient DecodePatient(const common::v1::PatientRef& in) {
  Patient patient = {.facility_id = in.facility_id(),
                     .facility_patient_id = in.facility_patient_id(),
                     .name = in.name(),
                     .name_latin = in.name_latin(),
                     .sex = static_cast<Sex>(in.sex()),
                     .birth_date = in.birth_date(),
                     .patient_id = in.patient_id()};
  for (const common::v1::Identifier& identifier : in.identifiers()) {
    patient.identifiers.push_back(
        {identifier.type(), identifier.value(), identifier.assigner_facility_id()});
  }
  return patient;
}

void Encode(const Order& order, v1::Order* out) {
  out->set_id(order.id);
  out->set_state(static_cast<v1::OrderState>(order.state));
  out->set_origin(static_cast<v1::OrderOrigin>(order.origin));
  EncodeParties(order, out);
  out->set_encounter(order.encounter);
  out->set_priority(static_cast<wire::Priority>(order.priority));
  out->set_patient_class(static_cast<wire::PatientClass>(order.patient_class));
  out->set_discipline(static_cast<wire::Discipline>(order.discipline));
  for (const Item& item : order.items) EncodeItem(item, out->add_items());
  out->set_clinical_information(order.clinical_information);
  out->set_accession_number(order.accession_number);
  out->set_placer_order_number(order.placer_order_number);
  EncodeRouting(order.routing, out->mutable_routing());
  out->set_payment(static_cast<v1::PaymentState>(order.payment));
  out->set_billing_party(order.billing_party);
  EncodeTurnaround(order.turnaround, out->mutable_turnaround());
  EncodeTimes(order, out);
  out->set_scheduled_ae_title(order.scheduled_ae_title);
  out->set_recognized_result_id(order.recognized_result_id);
  out->set_bound_order_id(order.bound_order_id);
  out->set_note(order.note);
  out->set_version(order.version);
  out->set_etag(EtagOf(order));
  out->set_resume_state(static_cast<v1::OrderState>(order.resume_state));
}

void Encode(const TimelineEntry& entry, v1::TimelineEntry* out) {
  out->set_sequence(entry.sequence);
  *out->mutable_time() = rpc::ToProto(entry.time);
  out->set_state(static_cast<v1::OrderState>(entry.state));
  out->set_action(entry.action);
  out->set_actor(entry.actor);
  out->set_facility_id(entry.facility_id);
  out->set_note(entry.note);
}

Order Decode(const v1::Order& in) {
  Order order;
  order.id = in.id();
  order.state = static_cast<State>(in.state());
  order.origin = static_cast<Origin>(in.origin());
  DecodeParties(in, order);
  order.encounter = in.encounter();
  order.priority = static_cast<Priority>(in.priority());
  order.patient_class = static_cast<PatientClass>(in.patient_class());
  order.discipline = static_cast<Discipline>(in.discipline());
  for (const v1::OrderItem& item : in.items()) order.items.push_back(DecodeItem(item));
  order.clinical_information = in.clinical_information();
  order.accession_number = in.accession_number();
  order.placer_order_number = in.placer_order_number();
  order.routing = DecodeRouting(in.routing());
  order.payment = static_cast<Payment>(in.payment());
  order.billing_party = in.billing_party();
  order.turnaround = DecodeTurnaround(in.turnaround());
  DecodeTimes(in, order);
  order.scheduled_ae_title = in.scheduled_ae_title();
  order.recognized_result_id = in.recognized_result_id();
  order.bound_order_id = in.bound_order_id();
  order.note = in.note();
  order.version = in.version();
  order.resume_state = static_cast<State>(in.resume_state());
  return order;
}

absl::StatusOr<Order> DecodeRequest(const v1::Order& in) {
  TJ_TRY(forms::CheckOrderValues(in));
  Order order = Decode(in);
  if (order.priority == Priority::kNone) order.priority = Priority::kRoutine;
  if (order.patient.facility_id.empty()) order.patient.facility_id = order.ordering_facility_id;
  return order;
}

absl::Status CheckOrder(const Order& order) {
  v1::Order message;
  Encode(order, &message);
  return forms::CheckOrderLimits(message);
}

std::string ToRecord(const Order& order) {
  v1::Order message;
  Encode(order, &message);
  return message.SerializeAsString();
}

Order FromRecord(const std::string& record) {
  v1::Order message;
  TJ_CHECK(message.ParseFromString(record));
  return Decode(message);
}

std::string EtagOf(const Order& order) { return std::to_string(order.version); }

}  // namespace tongjian::orders
