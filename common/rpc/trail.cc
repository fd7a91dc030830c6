#include "common/rpc/trail.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/status.h"
#include "common/security/digest.h"
#include "common/store/database.h"
#include "tongjian/audit/v1/record.pb.h"

namespace tongjian::rpc {
namespace {

audit::v1::Source SourceOf(Deed::Source source) {
  switch (source) {
    case Deed::Source::kRpc:
      return audit::v1::SOURCE_RPC;
    case Deed::Source::kDicom:
      return audit::v1::SOURCE_DICOM;
    case Deed::Source::kHttp:
      return audit::v1::SOURCE_HTTP;
    case Deed::Source::kInternal:
      return audit::v1::SOURCE_INTERNAL;
  }
  return audit::v1::SOURCE_UNSPECIFIED;
}

void SetActor(const security::Caller& caller, audit::v1::Actor& actor) {
  actor.set_kind(std::string(security::Name(caller.kind)));
  if (caller.machine_role != security::MachineRole::kNone) {
    actor.set_machine_role(std::string(security::Name(caller.machine_role)));
  }
  actor.set_service(caller.service);
  actor.set_facility_id(caller.facility_id);
  actor.set_user_id(caller.user_id);
  actor.set_practitioner_id(caller.practitioner_id);
  for (const std::string& role : caller.roles) actor.add_roles(role);
  actor.set_weak_identity(caller.weak_identity);
  if (caller.on_behalf_of != nullptr) SetActor(*caller.on_behalf_of, *actor.mutable_on_behalf_of());
}

std::string DigestOf(std::string_view facility_id, std::string_view facility_patient_id) {
  return security::Sha256Text(
      absl::StrCat(std::string(facility_id), "\n", std::string(facility_patient_id)));
}

store::Event EventOf(const audit::v1::AuditRecord& record) {
  store::Event event;
  event.stream = std::string(store::kAuditStream);
  event.type = record.GetDescriptor()->full_name();
  event.key = record.request_id();
  event.payload = record.SerializeAsString();
  return event;
}

}  // namespace

absl::Status DatabaseAuditSink::Append(const audit::v1::AuditRecord& record) {
  return database_.Write([&record](store::Transaction& tx) {
    tx.Emit(EventOf(record));
    return absl::OkStatus();
  });
}

Trail::Trail(Deed deed, const base::Clock& clock)
    : deed_(std::move(deed)), clock_(clock), record_(std::make_unique<audit::v1::AuditRecord>()) {
  record_->set_request_id(deed_.request_id);
  record_->set_service(deed_.service);
  record_->set_method(deed_.method);
  record_->set_source(SourceOf(deed_.source));
  record_->set_phase(audit::v1::PHASE_WHOLE);
  record_->set_peer(deed_.peer);
  record_->set_scope_reason(deed_.scope_reason);
  SetActor(deed_.caller, *record_->mutable_actor());
  const security::Purpose purpose = security::Originator(deed_.caller).purpose;
  if (purpose != security::Purpose::kUnspecified)
    record_->set_purpose(std::string(security::Name(purpose)));
}

Trail::~Trail() = default;
Trail::Trail(Trail&&) noexcept = default;

void Trail::TouchPatient(std::string_view patient_id) { Touch(patient_id, {}, {}); }

void Trail::TouchFacilityPatient(std::string_view facility_id, std::string_view facility_patient_id,
                                 std::string_view patient_id) {
  Touch(patient_id, facility_id,
        facility_patient_id.empty() ? "" : DigestOf(facility_id, facility_patient_id));
}

void Trail::Touch(std::string_view patient_id, std::string_view facility_id,
                  const std::string& digest) {
  if (patient_id.empty() && digest.empty()) return;
  if (!touched_.insert(absl::StrCat(std::string(patient_id), "\n", digest)).second) return;
  if (record_->patients_size() >= kTouchedMax) return record_->set_omitted(record_->omitted() + 1);
  audit::v1::TouchedPatient& patient = *record_->add_patients();
  patient.set_patient_id(std::string(patient_id));
  patient.set_facility_id(std::string(facility_id));
  patient.set_facility_patient_digest(digest);
}

void Trail::TouchObject(std::string_view id) {
  if (id.empty() || !touched_.insert(absl::StrCat("object\n", std::string(id))).second) return;
  if (record_->object_ids_size() >= kTouchedMax)
    return record_->set_omitted(record_->omitted() + 1);
  record_->add_object_ids(std::string(id));
}

audit::v1::AuditRecord Trail::Record(const absl::Status& outcome) const {
  audit::v1::AuditRecord record = *record_;
  *record.mutable_time() = ToProto(clock_.Now());
  record.set_code(static_cast<int>(outcome.code()));
  record.set_reason(ReasonOf(outcome));
  return record;
}

absl::Status Trail::WriteIn(store::Transaction& tx) {
  tx.Emit(EventOf(Record(absl::OkStatus())));
  written_ = true;
  return absl::OkStatus();
}

absl::Status Trail::AppendOpening(AuditSink& sink) {
  record_->set_phase(audit::v1::PHASE_OPENED);
  TJ_TRY(sink.Append(Record(absl::OkStatus())));
  record_->set_phase(audit::v1::PHASE_CLOSED);
  return absl::OkStatus();
}

absl::Status Trail::Finish(AuditSink& sink, const absl::Status& outcome) {
  if (outcome.ok() && (written_ || omitted_)) return absl::OkStatus();
  return sink.Append(Record(outcome));
}

}  // namespace tongjian::rpc
