#include "services/registry/patient_codec.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/security/scope.h"
#include "tongjian/registry/v1/patient.pb.h"

namespace tongjian::registry {
namespace {

static_assert(static_cast<int>(PatientState::kProvisional) == v1::PATIENT_STATE_PROVISIONAL);
static_assert(static_cast<int>(PatientState::kVerified) == v1::PATIENT_STATE_VERIFIED);
static_assert(static_cast<int>(PatientState::kMerged) == v1::PATIENT_STATE_MERGED);
static_assert(static_cast<int>(IdentifierType::kFacility) == common::v1::IDENTIFIER_TYPE_FACILITY);
static_assert(static_cast<int>(IdentifierType::kResidentId) ==
              common::v1::IDENTIFIER_TYPE_RESIDENT_ID);
static_assert(static_cast<int>(IdentifierType::kCheckup) == common::v1::IDENTIFIER_TYPE_CHECKUP);
static_assert(static_cast<int>(Sex::kMale) == common::v1::SEX_MALE);
static_assert(static_cast<int>(Sex::kUnknown) == common::v1::SEX_UNKNOWN);

}  // namespace

v1::Patient Encode(const Patient& patient, const security::Scope& scope) {
  v1::Patient out;
  out.set_id(patient.id);
  out.set_state(static_cast<v1::PatientState>(patient.state));
  out.set_name(patient.name);
  out.set_name_latin(patient.name_latin);
  out.set_sex(static_cast<common::v1::Sex>(patient.sex));
  out.set_birth_date(patient.birth_date);
  for (const PatientIdentifier& identifier : patient.identifiers) {
    const std::string& assigner = identifier.assigner_facility_id;
    if (!assigner.empty() && !scope.Contains(assigner)) continue;
    common::v1::Identifier* added = out.add_identifiers();
    added->set_type(static_cast<common::v1::IdentifierType>(identifier.type));
    added->set_value(identifier.value);
    added->set_assigner_facility_id(assigner);
  }
  out.set_unnamed(patient.unnamed);
  out.set_mother_patient_id(patient.mother_patient_id);
  out.set_merged_into_id(patient.merged_into_id);
  for (std::string& warning : Warnings(patient)) out.add_warnings(std::move(warning));
  for (const std::string& id : patient.merged_ids) out.add_merged_ids(id);
  out.set_sharing_refused(patient.sharing_refused);
  out.set_etag(absl::StrCat(patient.version));
  *out.mutable_update_time() = rpc::ToProto(patient.updated);
  return out;
}

PatientIdentifier Decode(const common::v1::Identifier& identifier) {
  return {static_cast<IdentifierType>(identifier.type()), identifier.value(),
          identifier.assigner_facility_id(), false};
}

absl::StatusOr<Patient> Decode(const v1::Patient& patient) {
  Patient wanted;
  if (!absl::SimpleAtoi(patient.etag(), &wanted.version)) {
    return base::InvalidField("patient.etag", "an update names the etag it was decided on");
  }
  wanted.id = patient.id();
  wanted.name = patient.name();
  wanted.name_latin = patient.name_latin();
  wanted.sex = static_cast<Sex>(patient.sex());
  wanted.birth_date = patient.birth_date();
  for (const auto& identifier : patient.identifiers())
    wanted.identifiers.push_back(Decode(identifier));
  return wanted;
}

Statement Decode(const v1::ResolvePatientRequest& request) {
  const common::v1::PatientRef& ref = request.patient();
  Statement statement{
      ref.facility_id(),           ref.facility_patient_id(), ref.name(), ref.name_latin(),
      static_cast<Sex>(ref.sex()), ref.birth_date(),          {},         request.unnamed(),
      request.mother_patient_id()};
  for (const auto& identifier : ref.identifiers())
    statement.identifiers.push_back(Decode(identifier));
  return statement;
}

}  // namespace tongjian::registry
