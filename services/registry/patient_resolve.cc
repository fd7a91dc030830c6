// The resolving half of patients.h.
#include <algorithm>
#include <string>
#include <utility>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/directory.h"
#include "services/registry/kinds.h"
#include "services/registry/matching.h"
#include "services/registry/patient_news.h"
#include "services/registry/patient_store.h"
#include "services/registry/patient_words_store.h"
#include "services/registry/patients.h"

namespace tongjian::registry {
namespace {

FactWords FactWordsOf(const Statement& statement) {
  return {statement.facility_id, statement.number, statement.name, statement.birth_date};
}

bool NamesSomebody(const Statement& statement) {
  // The name of an unnamed patient is no name.
  const std::string_view name = statement.unnamed ? std::string_view() : statement.name;
  return registry::NamesSomebody(statement.number, name, statement.birth_date);
}

// Facts in these words are the patient's from now on; says whether that is news.
absl::StatusOr<bool> Remember(store::Transaction& tx, const Statement& statement,
                              std::string_view patient_id) {
  if (!NamesSomebody(statement)) return false;
  if (statement.number.empty()) {
    // Words without a number may be two people's: they stay where they were said first.
    TJ_ASSIGN_OR_RETURN(const auto first, FindWords(tx, FactWordsOf(statement)));
    if (first && *first != patient_id) return false;
  }
  return RememberWords(tx, FactWordsOf(statement), patient_id);
}

bool VerifyUnlessElsewhere(const Statement& statement, const Resolution& resolution,
                           Patient* patient) {
  const auto& warnings = resolution.warnings;
  const bool elsewhere =
      std::find(warnings.begin(), warnings.end(), kDocumentElsewhere) != warnings.end();
  return !elsewhere && VerifyByResidentNumber(statement, patient);
}

Patient PatientIn(const Statement& statement) {
  Patient patient;
  patient.state = PatientState::kProvisional;
  patient.version = 1;
  patient.name = statement.name;
  patient.name_latin = statement.name_latin;
  patient.sex = statement.sex;
  patient.birth_date = statement.birth_date;
  patient.unnamed = statement.unnamed;
  patient.mother_patient_id = statement.mother_patient_id;
  AddIdentifiers(statement.identifiers, &patient);
  return patient;
}

// Whether the statement proves by itself who is meant.
bool Proves(const Statement& statement, const Resolution& resolution) {
  Patient alone = PatientIn(statement);
  return VerifyUnlessElsewhere(statement, resolution, &alone);
}

absl::Status CheckStatement(store::Session& session, const security::Scope& scope,
                            const Statement& statement) {
  TJ_ASSIGN_OR_RETURN(const bool there,
                      Directory::Exists<pb::Facility>(session, statement.facility_id));
  if (!there || !scope.Contains(statement.facility_id)) return base::NotFound("facility");
  if (!statement.mother_patient_id.empty()) {
    TJ_TRY(RequirePatient(session, scope, statement.mother_patient_id).status());
  }
  return absl::OkStatus();
}

// Whom the number (or, without one, the same words said before) means and whom the documents mean.
struct Meant {
  std::string by_number;
  std::string by_words;
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
  if (statement.number.empty() && NamesSomebody(statement)) {
    TJ_ASSIGN_OR_RETURN(const auto known, FindWords(tx, FactWordsOf(statement)));
    meant.by_words = known.value_or("");
  }
  TJ_ASSIGN_OR_RETURN(const auto holders, CandidatesByDocument(tx, LinkingDocuments(numbers)));
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
  if (!meant.by_words.empty() && !Proves(statement, resolution)) {
    // Perhaps somebody else of that name and birth date: nothing is learned from it.
    resolution.linked_by = "same_words";
    TJ_ASSIGN_OR_RETURN(resolution.patient,
                        RequirePatient(tx, security::Scope::Service(), meant.by_words));
    return resolution;
  }
  if (!meant.by_words.empty()) resolution.warnings.emplace_back(kSameWords);
  return Make(tx, statement, std::move(resolution));
}

absl::StatusOr<Resolution> Patients::ResolveFact(store::Transaction& tx, const Statement& said,
                                                 std::string_view known_id) const {
  TJ_TRY(CheckStatement(tx, security::Scope::Service(), said));
  Resolution resolution;
  Statement statement = said;
  statement.identifiers = OwnNumbers(said, &resolution.warnings);
  TJ_ASSIGN_OR_RETURN(const Meant meant,
                      FindMeant(tx, statement, statement.identifiers, &resolution.warnings));
  if (!meant.by_document.empty()) {
    resolution.linked_by = "verified_document";
    return Link(tx, meant.by_document, statement, std::move(resolution));
  }
  if (!known_id.empty()) {
    resolution.linked_by = "fact";
    return Link(tx, known_id, statement, std::move(resolution));
  }
  if (!meant.by_words.empty()) resolution.warnings.emplace_back(kSameWords);
  return Make(tx, statement, std::move(resolution));
}

absl::StatusOr<Resolution> Patients::Link(store::Transaction& tx, std::string_view patient_id,
                                          const Statement& statement, Resolution resolution) const {
  TJ_ASSIGN_OR_RETURN(resolution.patient,
                      RequirePatient(tx, security::Scope::Service(), patient_id));
  const size_t notes = resolution.patient.notes.size();
  for (const std::string& warning : resolution.warnings) AddNote(warning, &resolution.patient);
  const bool linked = AddIdentifiers(statement.identifiers, &resolution.patient);
  const bool learned = Learn(statement, &resolution.patient);
  const bool verified = VerifyUnlessElsewhere(statement, resolution, &resolution.patient);
  TJ_ASSIGN_OR_RETURN(const bool said, Remember(tx, statement, resolution.patient.id));
  if (!linked && !learned && !verified && !said && resolution.patient.notes.size() == notes) {
    return resolution;
  }
  TJ_TRY(CheckPatient(resolution.patient));
  TJ_ASSIGN_OR_RETURN(resolution.patient,
                      SavePatient(tx, resolution.patient,
                                  linked || said ? events::v1::PATIENT_CHANGE_LINKED
                                                 : events::v1::PATIENT_CHANGE_UPDATED));
  return resolution;
}

absl::StatusOr<Resolution> Patients::Make(store::Transaction& tx, const Statement& statement,
                                          Resolution resolution) const {
  Patient patient = PatientIn(statement);
  patient.id = ids_.New();
  patient.notes = resolution.warnings;
  VerifyUnlessElsewhere(statement, resolution, &patient);
  // Without a number the facility could not see its own patient.
  if (statement.number.empty()) {
    AddIdentifiers({{IdentifierType::kFacility, patient.id, statement.facility_id, false}},
                   &patient);
  }
  TJ_TRY(CheckPatient(patient));
  TJ_TRY(InsertPatient(tx, patient));
  TJ_ASSIGN_OR_RETURN(resolution.patient,
                      RequirePatient(tx, security::Scope::Service(), patient.id));
  TJ_TRY(Remember(tx, statement, patient.id).status());
  TJ_TRY(AnnouncePatient(tx, events::v1::PATIENT_CHANGE_CREATED, resolution.patient));
  resolution.created = true;
  resolution.linked_by = "new";
  return resolution;
}

}  // namespace tongjian::registry
