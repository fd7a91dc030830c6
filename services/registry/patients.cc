#include "services/registry/patients.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/directory.h"
#include "services/registry/identifiers.h"
#include "services/registry/kinds.h"
#include "services/registry/matching.h"
#include "services/registry/patient_codec.h"
#include "services/registry/patient_store.h"
#include "services/registry/patient_words_store.h"

namespace tongjian::registry {
namespace {

constexpr std::string_view kStream = "registry";
constexpr size_t kReasonMax = 500;

constexpr std::string_view kNumberGivenTwice =
    "the facility gave this number to somebody else before: another name or birth date stands "
    "under it";
constexpr std::string_view kDocumentElsewhere =
    "the document is verified for another patient: check whether the two are one";
constexpr std::string_view kForeignNumber = "a number that another facility gives was left out";

// Services get all; facilities those in which the patient is known.
absl::Status Announce(store::Transaction& tx, events::v1::PatientChange change,
                      const Patient& patient) {
  events::v1::PatientChanged changed;
  TJ_ASSIGN_OR_RETURN(const auto all_words, WordsFor(tx, patient.id));
  for (const FactWords& words : all_words) {
    events::v1::PatientLink* link = changed.add_links();
    link->set_facility_id(words.facility_id);
    link->set_facility_patient_id(words.number);
    link->set_name(words.name);
    link->set_birth_date(words.birth_date);
  }
  changed.set_change(change);
  *changed.mutable_patient() = Encode(patient, security::Scope::Service());
  std::set<std::string> audience;
  for (const PatientIdentifier& identifier : patient.identifiers)
    audience.insert(identifier.assigner_facility_id);
  audience.erase("");
  tx.Emit(feed::MakeEvent(kStream, patient.id, {audience.begin(), audience.end()}, changed));
  return absl::OkStatus();
}

absl::StatusOr<Patient> Require(store::Session& session, const security::Scope& scope,
                                std::string_view id) {
  TJ_ASSIGN_OR_RETURN(auto patient, FindPatient(session, scope, id));
  if (!patient) return base::NotFound("patient");
  return *std::move(patient);
}

// Writes, reads back and announces.
absl::StatusOr<Patient> Save(store::Transaction& tx, const Patient& patient,
                             events::v1::PatientChange change) {
  TJ_TRY(UpdatePatient(tx, patient));
  TJ_ASSIGN_OR_RETURN(const Patient saved, Require(tx, security::Scope::Service(), patient.id));
  TJ_TRY(Announce(tx, change, saved));
  return saved;
}

// Who the patient counts as, behind merges.
absl::StatusOr<Patient> Survivor(store::Session& session, std::string_view id) {
  TJ_ASSIGN_OR_RETURN(Patient patient, Require(session, security::Scope::Service(), id));
  while (
      patient.state ==
      PatientState::kMerged) {  // No circle: a merged one is neither source nor target of a merge.
    TJ_ASSIGN_OR_RETURN(patient,
                        Require(session, security::Scope::Service(), patient.merged_into_id));
  }
  return patient;
}

// What is compared: an unnamed patient's name says nothing.
PersonWords WordsOf(const Statement& statement) {
  if (statement.unnamed) return {"", "", statement.birth_date};
  return {statement.name, statement.name_latin, statement.birth_date};
}

// The statement's numbers that are the facility's to state.
std::vector<PatientIdentifier> OwnNumbers(const Statement& statement,
                                          std::vector<std::string>* warnings) {
  std::vector<PatientIdentifier> numbers;
  if (!statement.number.empty()) {
    numbers.push_back({IdentifierType::kFacility, statement.number, statement.facility_id, false});
  }
  for (PatientIdentifier identifier : statement.identifiers) {
    std::string& assigner = identifier.assigner_facility_id;
    if (!IsDocument(identifier.type) && assigner.empty()) assigner = statement.facility_id;
    if (!assigner.empty() && assigner != statement.facility_id) {
      warnings->emplace_back(kForeignNumber);
    } else {
      numbers.push_back(std::move(identifier));
    }
  }
  return numbers;
}

// The documents that can link: a resident number must keep to GB 11643.
std::vector<PatientIdentifier> Documents(const std::vector<PatientIdentifier>& numbers) {
  std::vector<PatientIdentifier> documents;
  for (const PatientIdentifier& number : numbers) {
    if (!IsDocument(number.type)) continue;
    if (number.type == IdentifierType::kResidentId && !ReadResidentNumber(number.value)) continue;
    documents.push_back(number);
  }
  return documents;
}

// Adds what the record does not know yet; says whether there was any.
bool Learn(const Statement& statement, Patient* patient) {
  const Patient before = *patient;
  if (!statement.unnamed && !statement.name.empty() &&
      (patient->unnamed || patient->name.empty())) {
    patient->name = statement.name;
    patient->unnamed = false;
  }
  if (patient->name_latin.empty()) patient->name_latin = statement.name_latin;
  if (patient->sex == Sex::kNone) patient->sex = statement.sex;
  if (patient->birth_date.empty()) patient->birth_date = statement.birth_date;
  if (patient->mother_patient_id.empty()) patient->mother_patient_id = statement.mother_patient_id;
  return patient->name != before.name || patient->unnamed != before.unnamed ||
         patient->name_latin != before.name_latin || patient->sex != before.sex ||
         patient->birth_date != before.birth_date ||
         patient->mother_patient_id != before.mother_patient_id;
}

FactWords FactWordsOf(const Statement& statement) {
  return {statement.facility_id, statement.number, statement.name, statement.birth_date};
}

// A resident number that keeps to GB 11643 and fits the birth date and name beside it verifies; a
// wrong check digit, an unnamed patient, or somebody else verified by the same number withholds.
// Says whether the patient became verified.
bool VerifyByDocument(const Statement& statement, const Resolution& resolution, Patient* patient) {
  const bool elsewhere = std::find(resolution.warnings.begin(), resolution.warnings.end(),
                                   kDocumentElsewhere) != resolution.warnings.end();
  if (elsewhere || patient->state != PatientState::kProvisional || statement.name.empty() ||
      statement.birth_date.empty() || statement.birth_date != patient->birth_date ||
      CompareNames({statement.name, statement.name_latin, ""},
                   {patient->name, patient->name_latin, ""}) == Fit::kContradicts) {
    return false;
  }
  for (const PatientIdentifier& number : statement.identifiers) {
    if (number.type == IdentifierType::kResidentId && registry::Verify(number, patient).ok()) {
      return true;
    }
  }
  return false;
}

absl::Status CheckStatement(store::Session& session, const security::Scope& scope,
                            const Statement& statement) {
  TJ_ASSIGN_OR_RETURN(const bool there,
                      Directory::Exists<pb::Facility>(session, statement.facility_id));
  if (!there || !scope.Contains(statement.facility_id)) return base::NotFound("facility");
  if (!statement.mother_patient_id.empty()) {
    TJ_TRY(Require(session, scope, statement.mother_patient_id).status());
  }
  return absl::OkStatus();
}

// Whom the number means and whom the documents mean, with the warnings of the way there.
struct Meant {
  std::string by_number;
  std::string by_document;
};

absl::StatusOr<Meant> FindMeant(store::Transaction& tx, const Statement& statement,
                                const std::vector<PatientIdentifier>& numbers,
                                std::vector<std::string>* warnings) {
  Meant meant;
  const PersonWords words = WordsOf(statement);
  if (!statement.number.empty()) {
    TJ_TRY(TouchNumber(tx, statement.facility_id, statement.number));
    TJ_ASSIGN_OR_RETURN(auto candidates,
                        CandidatesByNumber(tx, statement.facility_id, statement.number));
    // A newborn often comes under its mother's number and is not its mother.
    std::erase_if(candidates, [&](const Candidate& candidate) {
      return !statement.mother_patient_id.empty() &&
             candidate.patient_id == statement.mother_patient_id;
    });
    if (const auto chosen = ChooseByNumber(candidates, words)) {
      meant.by_number = candidates[*chosen].patient_id;
    } else if (!candidates.empty()) {
      warnings->emplace_back(kNumberGivenTwice);
    }
  }
  TJ_ASSIGN_OR_RETURN(const auto holders, CandidatesByDocument(tx, Documents(numbers)));
  if (const auto chosen = ChooseByDocument(holders, words)) {
    meant.by_document = holders[*chosen].patient_id;
  } else if (!holders.empty()) {
    warnings->emplace_back(kDocumentElsewhere);
  }
  return meant;
}

}  // namespace

absl::StatusOr<Resolution> Patients::Resolve(store::Transaction& tx, const security::Scope& scope,
                                             const Statement& said) const {
  TJ_TRY(CheckStatement(tx, scope, said));
  Resolution resolution;
  Statement statement = said;
  statement.identifiers = OwnNumbers(said, &resolution.warnings);
  TJ_ASSIGN_OR_RETURN(const Meant meant,
                      FindMeant(tx, statement, statement.identifiers, &resolution.warnings));
  if (!meant.by_number.empty()) {
    if (!meant.by_document.empty() && meant.by_document != meant.by_number) {
      resolution.warnings.emplace_back(kDocumentElsewhere);
    }
    resolution.linked_by = "facility_number";
    return Link(tx, meant.by_number, statement, std::move(resolution));
  }
  if (!meant.by_document.empty()) {
    resolution.linked_by = "verified_document";
    return Link(tx, meant.by_document, statement, std::move(resolution));
  }
  return Make(tx, statement, std::move(resolution));
}

absl::StatusOr<Resolution> Patients::Link(store::Transaction& tx, std::string_view patient_id,
                                          const Statement& statement, Resolution resolution) const {
  TJ_ASSIGN_OR_RETURN(resolution.patient, Require(tx, security::Scope::Service(), patient_id));
  const size_t notes = resolution.patient.notes.size();
  for (const std::string& warning : resolution.warnings) AddNote(warning, &resolution.patient);
  const bool linked = AddIdentifiers(statement.identifiers, &resolution.patient);
  const bool learned = Learn(statement, &resolution.patient);
  const bool verified = VerifyByDocument(statement, resolution, &resolution.patient);
  TJ_ASSIGN_OR_RETURN(const bool said,
                      RememberWords(tx, FactWordsOf(statement), resolution.patient.id));
  if (!linked && !learned && !verified && !said && resolution.patient.notes.size() == notes) {
    return resolution;
  }
  TJ_TRY(CheckPatient(resolution.patient));
  TJ_ASSIGN_OR_RETURN(resolution.patient,
                      Save(tx, resolution.patient,
                           linked || said ? events::v1::PATIENT_CHANGE_LINKED
                                          : events::v1::PATIENT_CHANGE_UPDATED));
  return resolution;
}

absl::StatusOr<Resolution> Patients::Make(store::Transaction& tx, const Statement& statement,
                                          Resolution resolution) const {
  Patient patient;
  patient.id = ids_.New();
  patient.state = PatientState::kProvisional;
  patient.version = 1;
  patient.name = statement.name;
  patient.name_latin = statement.name_latin;
  patient.sex = statement.sex;
  patient.birth_date = statement.birth_date;
  patient.unnamed = statement.unnamed;
  patient.mother_patient_id = statement.mother_patient_id;
  patient.notes = resolution.warnings;
  AddIdentifiers(statement.identifiers, &patient);
  VerifyByDocument(statement, resolution, &patient);
  // Without a number the facility could not see its own patient.
  if (statement.number.empty()) {
    AddIdentifiers({{IdentifierType::kFacility, patient.id, statement.facility_id, false}},
                   &patient);
  }
  TJ_TRY(CheckPatient(patient));
  TJ_TRY(InsertPatient(tx, patient));
  TJ_ASSIGN_OR_RETURN(resolution.patient, Require(tx, security::Scope::Service(), patient.id));
  TJ_TRY(RememberWords(tx, FactWordsOf(statement), patient.id).status());
  TJ_TRY(Announce(tx, events::v1::PATIENT_CHANGE_CREATED, resolution.patient));
  resolution.created = true;
  resolution.linked_by = "new";
  return resolution;
}

absl::StatusOr<Patient> Patients::Get(store::Session& session, const security::Scope& scope,
                                      std::string_view id) {
  return Require(session, scope, id);
}

absl::StatusOr<Patient> Patients::Update(store::Transaction& tx, const security::Scope& scope,
                                         const Patient& wanted) const {
  TJ_ASSIGN_OR_RETURN(Patient patient, Require(tx, scope, wanted.id));
  patient.version = wanted.version;
  Patient corrected = wanted;
  for (const PatientIdentifier& identifier : corrected.identifiers) {
    const std::string& assigner = identifier.assigner_facility_id;
    if (!assigner.empty() && !scope.Contains(assigner)) {
      return base::InvalidField("patient.identifiers.assigner_facility_id",
                                "another facility's number");
    }
  }
  // The caller did not see other facilities' numbers and can't have meant to drop them.
  for (const PatientIdentifier& identifier : patient.identifiers) {
    const std::string& assigner = identifier.assigner_facility_id;
    if (!assigner.empty() && !scope.Contains(assigner)) corrected.identifiers.push_back(identifier);
  }
  TJ_TRY(Correct(corrected, &patient));
  return Save(tx, patient, events::v1::PATIENT_CHANGE_UPDATED);
}

absl::StatusOr<Patient> Patients::Verify(store::Transaction& tx, const security::Scope& scope,
                                         std::string_view id,
                                         const PatientIdentifier& document) const {
  TJ_ASSIGN_OR_RETURN(Patient patient, Require(tx, scope, id));
  TJ_TRY(registry::Verify(document, &patient));
  TJ_ASSIGN_OR_RETURN(const auto holders, CandidatesByDocument(tx, {document}));
  for (const Candidate& holder : holders) {
    if (holder.patient_id != patient.id) AddNote(kDocumentElsewhere, &patient);
  }
  return Save(tx, patient, events::v1::PATIENT_CHANGE_VERIFIED);
}

absl::StatusOr<Patient> Patients::Merge(store::Transaction& tx, const security::Scope& scope,
                                        std::string_view source_id, std::string_view target_id,
                                        std::string_view reason) const {
  if (reason.empty() || reason.size() > kReasonMax)
    return base::InvalidField("reason", "1 to 500 bytes");
  TJ_ASSIGN_OR_RETURN(Patient source, Require(tx, scope, source_id));
  TJ_ASSIGN_OR_RETURN(const Patient target, Require(tx, scope, target_id));
  TJ_TRY(CheckMerge(source, target));
  source.state = PatientState::kMerged;
  source.merged_into_id = target.id;
  // First, so that the source announces itself without the words that are no longer its own.
  TJ_TRY(RecordMerge(tx, ids_.New(), source.id, target.id, reason));
  TJ_ASSIGN_OR_RETURN(source, Save(tx, source, events::v1::PATIENT_CHANGE_MERGED));
  // Read again: the numbers of the source now count for it.
  TJ_ASSIGN_OR_RETURN(const Patient grown, Require(tx, security::Scope::Service(), target.id));
  return Save(tx, grown, events::v1::PATIENT_CHANGE_UPDATED);
}

absl::StatusOr<Patient> Patients::Unmerge(store::Transaction& tx, const security::Scope& scope,
                                          std::string_view id, std::string_view reason) const {
  if (reason.empty() || reason.size() > kReasonMax)
    return base::InvalidField("reason", "1 to 500 bytes");
  TJ_ASSIGN_OR_RETURN(Patient source, Require(tx, scope, id));
  if (source.state != PatientState::kMerged)
    return base::Conflict("STATE_NOT_ALLOWED", "the patient is not merged");
  const std::string target_id = std::exchange(source.merged_into_id, "");
  const bool verified =
      std::any_of(source.identifiers.begin(), source.identifiers.end(),
                  [](const PatientIdentifier& identifier) { return identifier.verified; });
  source.state = verified ? PatientState::kVerified : PatientState::kProvisional;
  TJ_TRY(RecordUnmerge(tx, source.id, reason));
  TJ_ASSIGN_OR_RETURN(source, Save(tx, source, events::v1::PATIENT_CHANGE_UNMERGED));
  TJ_ASSIGN_OR_RETURN(const Patient left, Survivor(tx, target_id));
  TJ_TRY(Save(tx, left, events::v1::PATIENT_CHANGE_UPDATED).status());
  return source;
}

}  // namespace tongjian::registry
