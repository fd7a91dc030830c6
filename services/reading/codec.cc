#include "services/reading/codec.h"

#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/rpc/proto_time.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/orders/v1/order.pb.h"
#include "tongjian/reading/v1/report.pb.h"
#include "tongjian/reading/v1/task.pb.h"

namespace tongjian::reading {
namespace {

namespace wire = tongjian::common::v1;

template <typename Strings>
std::vector<std::string> List(const Strings& strings) {
  return {strings.begin(), strings.end()};
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

Patient DecodePatient(const wire::PatientRef& in) {
  Patient patient = {.facility_id = in.facility_id(),
                     .facility_patient_id = in.facility_patient_id(),
                     .name = in.name(),
                     .name_latin = in.name_latin(),
                     .sex = in.sex(),
                     .birth_date = in.birth_date(),
                     .identifiers = {},
                     .patient_id = in.patient_id()};
  for (const wire::Identifier& identifier : in.identifiers()) {
    patient.identifiers.push_back({identifier.type(), identifier.value(), identifier.assigner_facility_id()});
  }
  return patient;
}

void EncodePerson(const Practitioner& person, wire::PractitionerRef* out) {
  out->set_practitioner_id(person.practitioner_id);
  out->set_name(person.name);
  out->set_facility_id(person.facility_id);
}

Practitioner DecodePerson(const wire::PractitionerRef& in) { return {in.practitioner_id(), in.name(), in.facility_id()}; }

void EncodeSignature(const SignatureEntry& signature, v1::Signature* out) {
  EncodePerson(signature.signer, out->mutable_signer());
  out->set_role(signature.role);
  *out->mutable_time() = rpc::ToProto(signature.time);
  out->set_algorithm(signature.algorithm);
  out->set_certificate_pem(signature.certificate_pem);
  out->set_value(absl::Base64Escape(signature.value));
  out->set_legal_note(signature.legal_note);
  out->set_single_duty_reason(signature.single_duty_reason);
}

SignatureEntry DecodeSignature(const v1::Signature& in) {
  SignatureEntry signature = {.signer = DecodePerson(in.signer()),
                              .user_id = {},
                              .role = in.role(),
                              .time = rpc::FromProto(in.time()),
                              .algorithm = in.algorithm(),
                              .certificate_pem = in.certificate_pem(),
                              .value = {},
                              .legal_note = in.legal_note(),
                              .single_duty_reason = in.single_duty_reason()};
  if (!absl::Base64Unescape(in.value(), &signature.value)) signature.value.clear();  // Verification says so.
  return signature;
}

OrderStanding StandingOf(const orders::v1::Order& order) {
  switch (order.state()) {
    case orders::v1::ORDER_STATE_DRAFT:
      return OrderStanding::kUnsubmitted;
    case orders::v1::ORDER_STATE_CANCELLED:
    case orders::v1::ORDER_STATE_RECOGNIZED:
      return OrderStanding::kEnded;
    case orders::v1::ORDER_STATE_HELD:
    case orders::v1::ORDER_STATE_RETURNED_FOR_INFORMATION:
    case orders::v1::ORDER_STATE_RECAPTURE_REQUESTED:
    case orders::v1::ORDER_STATE_DECLINED:
      return OrderStanding::kInterrupted;
    case orders::v1::ORDER_STATE_ESCALATED:
    case orders::v1::ORDER_STATE_HANDED_OVER:
      return order.routing().center_id().empty() ? OrderStanding::kInterrupted : OrderStanding::kOpen;
    default:
      return OrderStanding::kOpen;
  }
}

ReturnKind ReturnKindOf(orders::v1::OrderState state) {
  switch (state) {
    case orders::v1::ORDER_STATE_RETURNED_FOR_INFORMATION: return ReturnKind::kQuestion;
    case orders::v1::ORDER_STATE_RECAPTURE_REQUESTED: return ReturnKind::kRecapture;
    case orders::v1::ORDER_STATE_DECLINED: return ReturnKind::kDecline;
    case orders::v1::ORDER_STATE_ESCALATED: return ReturnKind::kEscalate;
    default: return ReturnKind::kNone;
  }
}

}  // namespace

void Encode(const Task& task, v1::Task* out) {
  out->set_id(task.id);
  out->set_state(static_cast<v1::TaskState>(task.state));
  out->set_order_id(task.order_id);
  out->set_accession_number(task.accession_number);
  out->set_requesting_facility_id(task.requesting_facility_id);
  out->set_center_id(task.center_id);
  out->set_performing_facility_id(task.performing_facility_id);
  out->set_discipline(static_cast<wire::Discipline>(task.discipline));
  out->mutable_modalities()->Assign(task.modalities.begin(), task.modalities.end());
  out->mutable_item_names()->Assign(task.item_names.begin(), task.item_names.end());
  EncodePatient(task.patient, out->mutable_patient());
  out->set_clinical_information(task.clinical_information);
  out->set_priority(static_cast<wire::Priority>(task.priority));
  if (Stated(task.deadline)) *out->mutable_deadline() = rpc::ToProto(task.deadline);
  out->mutable_study_ids()->Assign(task.study_ids.begin(), task.study_ids.end());
  out->set_instance_count(static_cast<int32_t>(task.instance_count));
  out->set_exam_note(task.exam_note);
  out->set_reading_mode(static_cast<registry::v1::ReadingMode>(task.reading_mode));
  out->set_signers(task.signers);
  out->set_claimed_by(task.claimed_by);
  if (Stated(task.claim_expire_time)) *out->mutable_claim_expire_time() = rpc::ToProto(task.claim_expire_time);
  out->set_claim_fence(task.claim_fence);
  out->set_report_id(task.report_id);
  out->set_provisional(task.provisional);
  out->set_identity_confirmed(task.identity_confirmed);
  out->set_note(task.note);
  if (Stated(task.create_time)) *out->mutable_create_time() = rpc::ToProto(task.create_time);
  if (Stated(task.update_time)) *out->mutable_update_time() = rpc::ToProto(task.update_time);
  out->set_version(task.version);
  out->set_return_kind(static_cast<v1::ReturnKind>(task.return_kind));
}

Task Decode(const v1::Task& in) {
  Task task;
  task.id = in.id();
  task.state = static_cast<TaskState>(in.state());
  task.order_id = in.order_id();
  task.accession_number = in.accession_number();
  task.requesting_facility_id = in.requesting_facility_id();
  task.center_id = in.center_id();
  task.performing_facility_id = in.performing_facility_id();
  task.discipline = in.discipline();
  task.modalities = List(in.modalities());
  task.item_names = List(in.item_names());
  task.patient = DecodePatient(in.patient());
  task.clinical_information = in.clinical_information();
  task.priority = static_cast<Priority>(in.priority());
  task.deadline = TimeOf(in.has_deadline(), in.deadline());
  task.study_ids = List(in.study_ids());
  task.instance_count = in.instance_count();
  task.exam_note = in.exam_note();
  task.reading_mode = static_cast<ReadingMode>(in.reading_mode());
  task.signers = in.signers();
  task.claimed_by = in.claimed_by();
  task.claim_expire_time = TimeOf(in.has_claim_expire_time(), in.claim_expire_time());
  task.claim_fence = in.claim_fence();
  task.report_id = in.report_id();
  task.provisional = in.provisional();
  task.identity_confirmed = in.identity_confirmed();
  task.note = in.note();
  task.create_time = TimeOf(in.has_create_time(), in.create_time());
  task.update_time = TimeOf(in.has_update_time(), in.update_time());
  task.version = in.version();
  task.return_kind = static_cast<ReturnKind>(in.return_kind());
  return task;
}

void Encode(const Content& content, v1::ReportContent* out) {
  out->set_findings(content.findings);
  out->set_impression(content.impression);
  for (const Coding& code : content.codes) {
    wire::Coding* to = out->add_codes();
    to->set_system(code.system);
    to->set_code(code.code);
    to->set_display(code.display);
  }
  out->set_abnormal(content.abnormal);
  out->set_critical_finding(content.critical_finding);
  out->set_follow_up_days(content.follow_up_days);
  out->set_machine_assisted(content.machine_assisted);
}

Content Decode(const v1::ReportContent& in) {
  Content content = {.findings = in.findings(),
                     .impression = in.impression(),
                     .codes = {},
                     .abnormal = in.abnormal(),
                     .critical_finding = in.critical_finding(),
                     .follow_up_days = in.follow_up_days(),
                     .machine_assisted = in.machine_assisted()};
  for (const wire::Coding& code : in.codes()) content.codes.push_back({code.system(), code.code(), code.display()});
  return content;
}

void Encode(const Version& version, v1::ReportVersion* out) {
  out->set_number(version.number);
  out->set_kind(static_cast<v1::VersionKind>(version.kind));
  Encode(version.content, out->mutable_content());
  for (const SignatureEntry& signature : version.signatures) EncodeSignature(signature, out->add_signatures());
  if (Stated(version.time)) *out->mutable_time() = rpc::ToProto(version.time);
  out->set_reason(version.reason);
  out->set_digest(version.digest);
  out->set_released(version.released);
}

Version Decode(const v1::ReportVersion& in) {
  Version version;
  version.number = in.number();
  version.kind = static_cast<VersionKind>(in.kind());
  version.content = Decode(in.content());
  for (const v1::Signature& signature : in.signatures()) version.signatures.push_back(DecodeSignature(signature));
  version.time = TimeOf(in.has_time(), in.time());
  version.reason = in.reason();
  version.digest = in.digest();
  version.released = in.released();
  return version;
}

void Encode(const Report& report, v1::Report* out) {
  out->set_id(report.id);
  out->set_state(static_cast<v1::ReportState>(report.state));
  out->set_task_id(report.task_id);
  out->mutable_order_ids()->Assign(report.order_ids.begin(), report.order_ids.end());
  out->mutable_study_ids()->Assign(report.study_ids.begin(), report.study_ids.end());
  EncodePatient(report.patient, out->mutable_patient());
  out->set_requesting_facility_id(report.requesting_facility_id);
  out->set_requesting_facility_name(report.requesting_facility_name);
  out->set_issuing_facility_id(report.issuing_facility_id);
  out->set_issuing_facility_name(report.issuing_facility_name);
  if (report.draft) Encode(*report.draft, out->mutable_draft());
  EncodePerson(report.author, out->mutable_author());
  for (const Version& version : report.versions) Encode(version, out->add_versions());
  out->set_accession_number(report.accession_number);
  out->mutable_item_names()->Assign(report.item_names.begin(), report.item_names.end());
  if (Stated(report.create_time)) *out->mutable_create_time() = rpc::ToProto(report.create_time);
  if (Stated(report.update_time)) *out->mutable_update_time() = rpc::ToProto(report.update_time);
  out->set_version(report.version);
  out->set_etag(Etag(report));
  out->set_retract_reason(report.retract_reason);
  out->set_discipline(static_cast<wire::Discipline>(report.discipline));
}

Report Decode(const v1::Report& in) {
  Report report;
  report.id = in.id();
  report.state = static_cast<ReportState>(in.state());
  report.task_id = in.task_id();
  report.order_ids = List(in.order_ids());
  report.study_ids = List(in.study_ids());
  report.patient = DecodePatient(in.patient());
  report.requesting_facility_id = in.requesting_facility_id();
  report.requesting_facility_name = in.requesting_facility_name();
  report.issuing_facility_id = in.issuing_facility_id();
  report.issuing_facility_name = in.issuing_facility_name();
  if (in.has_draft()) report.draft = Decode(in.draft());
  report.author = DecodePerson(in.author());
  for (const v1::ReportVersion& version : in.versions()) report.versions.push_back(Decode(version));
  report.accession_number = in.accession_number();
  report.item_names = List(in.item_names());
  report.create_time = TimeOf(in.has_create_time(), in.create_time());
  report.update_time = TimeOf(in.has_update_time(), in.update_time());
  report.version = in.version();
  report.retract_reason = in.retract_reason();
  report.discipline = in.discipline();
  return report;
}

std::string LinesOf(const std::vector<std::string>& ids) { return absl::StrJoin(ids, "\n"); }

std::vector<std::string> ListOf(const std::string& lines) { return absl::StrSplit(lines, '\n', absl::SkipEmpty()); }

OrderFact FactOf(const orders::v1::Order& order) {
  OrderFact fact;
  fact.id = order.id();
  fact.version = order.version();
  fact.standing = StandingOf(order);
  fact.return_kind = ReturnKindOf(order.state());
  fact.provisional = order.origin() == orders::v1::ORDER_ORIGIN_DEVICE;
  fact.bound_order_id = order.bound_order_id();
  fact.accession_number = order.accession_number();
  fact.requesting_facility_id = order.ordering_facility_id();
  fact.center_id = order.routing().center_id();
  fact.performing_facility_id = order.routing().performing_facility_id();
  fact.discipline = order.discipline();
  std::set<std::string> modalities;
  for (const orders::v1::OrderItem& item : order.items()) {
    fact.item_names.push_back(item.name());
    if (!item.modality().empty()) modalities.insert(item.modality());
  }
  fact.modalities.assign(modalities.begin(), modalities.end());
  fact.patient = DecodePatient(order.patient());
  fact.clinical_information = order.clinical_information();
  fact.priority = static_cast<Priority>(order.priority());
  fact.deadline = TimeOf(order.has_deadline(), order.deadline());
  fact.reading_mode = static_cast<ReadingMode>(order.routing().reading_mode());
  fact.signers = order.routing().signers();
  fact.note = order.note();
  return fact;
}

StudyFact FactOf(const imaging::v1::Study& study) {
  return {.id = study.id(),
          .version = study.version(),
          .complete = study.state() == imaging::v1::STUDY_STATE_COMPLETE ||
                      study.state() == imaging::v1::STUDY_STATE_VERIFIED,
          .instances = study.instance_count(),
          .modalities = List(study.modalities()),
          .exam_note = study.exam_note()};
}

}  // namespace tongjian::reading
