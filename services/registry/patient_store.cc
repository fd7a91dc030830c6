#include "services/registry/patient_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/consent_store.h"
#include "services/registry/folding.h"
#include "services/registry/patient_fact_store.h"
#include "services/registry/patient_rows.h"
#include "services/registry/record_store.h"

namespace tongjian::registry {
namespace {

// One person is merged from few others; more than this is refused rather than cut.
constexpr int64_t kMergedMax = 1000;
constexpr int64_t kCandidatesMax = 100;

bool Visible(const security::Scope& scope, const Patient& patient) {
  return scope.all() || std::any_of(patient.identifiers.begin(), patient.identifiers.end(),
                                    [&](const PatientIdentifier& identifier) {
                                      return scope.Contains(identifier.assigner_facility_id);
                                    });
}

absl::StatusOr<std::vector<std::string>> MergedInto(store::Session& session, std::string_view id) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select id from patients where merged_into_id = :id order by id limit :limit",
                    id, kMergedMax + 1));
  if (rows.size() > kMergedMax)
    return absl::ResourceExhaustedError("more than 1000 patients were merged into one");
  std::vector<std::string> ids;
  for (const store::Row& row : rows) ids.push_back(row.Text(0));
  return ids;
}

Candidate CandidateOf(const store::Row& row) {
  Candidate candidate;
  candidate.patient_id = row.Text(0);
  candidate.words = {row.Text(1), row.Text(2), row.Text(3)};
  candidate.unnamed = row.Bool(4);
  candidate.verified = static_cast<PatientState>(row.Int(5)) == PatientState::kVerified;
  // What an unnamed patient is called (无名氏) says nothing about who it is.
  if (candidate.unnamed) candidate.words.name = candidate.words.name_latin = "";
  return candidate;
}

absl::Status WriteNumber(store::Transaction& tx, const Patient& patient,
                         const PatientIdentifier& number) {
  return tx
      .Execute(
          "insert into patient_identifiers (type, assigner, value, patient_id, current_id, "
          "verified) "
          "values (:type, :assigner, :value, :patient_id, :patient_id, :verified) "
          "on conflict (type, assigner, value, patient_id) do update set verified = :verified",
          number.type, number.assigner_facility_id, number.value, patient.id, number.verified)
      .status();
}

absl::Status DropNumber(store::Transaction& tx, const Patient& patient,
                        const PatientIdentifier& number) {
  return tx
      .Execute(
          "delete from patient_identifiers where type = :type and assigner = :assigner and value = "
          ":value "
          "and patient_id = :patient_id",
          number.type, number.assigner_facility_id, number.value, patient.id)
      .status();
}

const PatientIdentifier* FindNumber(const std::vector<PatientIdentifier>& numbers,
                                    const PatientIdentifier& number) {
  const auto found =
      std::find_if(numbers.begin(), numbers.end(),
                   [&](const PatientIdentifier& other) { return SameNumber(other, number); });
  return found == numbers.end() ? nullptr : &*found;
}

// Writes what is new or changed and removes own numbers that are gone; those of merged patients
// stay theirs.
absl::Status SyncNumbers(store::Transaction& tx, const Patient& patient) {
  TJ_ASSIGN_OR_RETURN(const auto all, ReadNumbers(tx, patient.id, NumbersOf::kCounting));
  TJ_ASSIGN_OR_RETURN(const auto own, ReadNumbers(tx, patient.id, NumbersOf::kGiven));
  for (const PatientIdentifier& wanted : patient.identifiers) {
    const PatientIdentifier* known = FindNumber(all, wanted);
    const bool ours = known == nullptr || wanted.verified || FindNumber(own, wanted) != nullptr;
    if (ours && (known == nullptr || known->verified != wanted.verified))
      TJ_TRY(WriteNumber(tx, patient, wanted));
  }
  for (const PatientIdentifier& known : own) {
    if (FindNumber(patient.identifiers, known) == nullptr) TJ_TRY(DropNumber(tx, patient, known));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::optional<Patient>> FindPatient(store::Session& session,
                                                   const security::Scope& scope,
                                                   std::string_view id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne(TJ_PATIENT_COLUMNS "where p.id = :id", id));
  if (!row) return std::nullopt;
  Patient patient = PatientOf(*row);
  TJ_ASSIGN_OR_RETURN(patient.identifiers,
                      ReadNumbers(session, patient.id,
                                  patient.state == PatientState::kMerged ? NumbersOf::kGiven
                                                                         : NumbersOf::kCounting));
  TJ_ASSIGN_OR_RETURN(patient.merged_ids, MergedInto(session, patient.id));
  TJ_ASSIGN_OR_RETURN(const auto consents, ConsentsFor(session, patient.id));
  patient.sharing_refused = SharingRefused(patient.id, consents);
  if (!Visible(scope, patient)) return std::nullopt;
  return patient;
}

absl::StatusOr<std::vector<Candidate>> CandidatesByNumber(store::Session& session,
                                                          std::string_view facility_id,
                                                          std::string_view number) {
  // Both the words of who got the number and of who that became: the facility goes on saying what
  // it always said.
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select i.current_id, p.name, p.name_latin, p.birth_date, p.unnamed, c.state "
                    "from patient_identifiers i join patients p on p.id = i.patient_id or p.id = "
                    "i.current_id "
                    "join patients c on c.id = i.current_id "
                    "where i.type = :type and i.assigner = :assigner and i.value = :value "
                    "order by i.current_id, p.id limit :limit",
                    IdentifierType::kFacility, facility_id, number, kCandidatesMax));
  std::vector<Candidate> candidates;
  for (const store::Row& row : rows) candidates.push_back(CandidateOf(row));
  return candidates;
}

absl::StatusOr<std::vector<Candidate>> CandidatesByDocument(
    store::Session& session, const std::vector<PatientIdentifier>& documents) {
  std::vector<Candidate> candidates;
  for (const PatientIdentifier& document : documents) {
    TJ_ASSIGN_OR_RETURN(
        const auto rows,
        session.Query("select i.current_id, p.name, p.name_latin, p.birth_date, p.unnamed, c.state "
                      "from patient_identifiers i join patients p on p.id = i.patient_id or p.id = "
                      "i.current_id "
                      "join patients c on c.id = i.current_id "
                      "where i.type = :type and i.assigner = :assigner and i.value = :value and "
                      "i.verified = 1 "
                      "order by i.current_id, p.id limit :limit",
                      document.type, document.assigner_facility_id, document.value,
                      kCandidatesMax));
    for (const store::Row& row : rows) candidates.push_back(CandidateOf(row));
  }
  return candidates;
}

absl::Status TouchNumber(store::Transaction& tx, std::string_view facility_id,
                         std::string_view number) {
  return tx
      .Execute(
          "insert into facility_numbers (facility_id, number, resolved) values (:facility_id, "
          ":number, 1) "
          "on conflict (facility_id, number) do update set resolved = facility_numbers.resolved + "
          "1",
          facility_id, number)
      .status();
}

absl::Status InsertPatient(store::Transaction& tx, const Patient& patient) {
  TJ_TRY(
      tx.Execute(
            "insert into patients (id, state, name, name_key, name_latin, latin_key, sex, "
            "birth_date, unnamed, "
            "mother_patient_id, merged_into_id, notes, version, updated) values (:id, :state, "
            ":name, "
            ":name_key, :name_latin, :latin_key, :sex, :birth_date, :unnamed, :mother_patient_id, "
            ":merged_into_id, :notes, :version, :updated)",
            patient.id, patient.state, patient.name, NameKey(FoldName(patient.name)),
            patient.name_latin, LatinKey(patient), patient.sex, patient.birth_date, patient.unnamed,
            patient.mother_patient_id, patient.merged_into_id, absl::StrJoin(patient.notes, "\n"),
            patient.version, tx.Now())
          .status());
  for (const PatientIdentifier& number : patient.identifiers)
    TJ_TRY(WriteNumber(tx, patient, number));
  return absl::OkStatus();
}

absl::Status UpdatePatient(store::Transaction& tx, const Patient& patient) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute(
          "update patients set state = :state, name = :name, name_key = :name_key, name_latin = "
          ":name_latin, "
          "latin_key = :latin_key, sex = :sex, birth_date = :birth_date, unnamed = :unnamed, "
          "mother_patient_id = :mother_patient_id, merged_into_id = :merged_into_id, notes = "
          ":notes, "
          "version = :version_after, updated = :updated where id = :id and version = :version",
          patient.state, patient.name, NameKey(FoldName(patient.name)), patient.name_latin,
          LatinKey(patient), patient.sex, patient.birth_date, patient.unnamed,
          patient.mother_patient_id, patient.merged_into_id, absl::StrJoin(patient.notes, "\n"),
          patient.version + 1, tx.Now(), patient.id, patient.version));
  if (changed == 0) return EtagMismatch();
  return patient.state == PatientState::kMerged ? absl::OkStatus() : SyncNumbers(tx, patient);
}

absl::Status RecordMerge(store::Transaction& tx, std::string_view id, std::string_view source_id,
                         std::string_view target_id, std::string_view reason) {
  TJ_TRY(
      tx.Execute(
            "update patient_identifiers set current_id = :target_id where current_id = :source_id",
            target_id, source_id)
          .status());
  TJ_TRY(
      tx.Execute("update patient_words set current_id = :target_id where current_id = :source_id",
                 target_id, source_id)
          .status());
  TJ_TRY(JoinConsents(tx, source_id, target_id));
  TJ_TRY(JoinFacts(tx, source_id, target_id));
  return tx
      .Execute(
          "insert into patient_merges (id, source_id, target_id, merged, reason, undone, "
          "undone_reason) "
          "values (:id, :source_id, :target_id, :merged, :reason, :undone, '')",
          id, source_id, target_id, tx.Now(), reason, std::nullopt)
      .status();
}

absl::Status RecordUnmerge(store::Transaction& tx, std::string_view source_id,
                           std::string_view reason) {
  std::vector<std::string> returning = {std::string(source_id)};
  for (size_t i = 0; i < returning.size(); ++i) {
    TJ_TRY(tx.Execute("update patient_identifiers set current_id = :source_id where patient_id = "
                      ":patient_id",
                      source_id, returning[i])
               .status());
    TJ_TRY(tx.Execute("update patient_words set current_id = :source_id where patient_id = "
                      ":patient_id",
                      source_id, returning[i])
               .status());
    TJ_TRY(ReturnConsents(tx, returning[i], source_id));
    TJ_TRY(ReturnFacts(tx, returning[i], source_id));
    TJ_ASSIGN_OR_RETURN(auto below, MergedInto(tx, returning[i]));
    std::move(below.begin(), below.end(), std::back_inserter(returning));
  }
  return tx
      .Execute(
          "update patient_merges set undone = :undone, undone_reason = :reason "
          "where source_id = :source_id and undone is null",
          tx.Now(), reason, source_id)
      .status();
}

}  // namespace tongjian::registry
