#include "services/registry/statement.h"

#include <utility>

#include "services/registry/identifiers.h"

namespace tongjian::registry {

PersonWords WordsOf(const Statement& statement) {
  if (statement.unnamed) return {"", "", statement.birth_date};
  return {statement.name, statement.name_latin, statement.birth_date};
}

bool NamesSomebody(std::string_view number, std::string_view name, std::string_view birth_date) {
  return !number.empty() || (!name.empty() && !birth_date.empty());
}

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

std::vector<PatientIdentifier> LinkingDocuments(const std::vector<PatientIdentifier>& numbers) {
  std::vector<PatientIdentifier> documents;
  for (const PatientIdentifier& number : numbers) {
    if (!IsDocument(number.type)) continue;
    if (number.type == IdentifierType::kResidentId && !ReadResidentNumber(number.value)) continue;
    documents.push_back(number);
  }
  return documents;
}

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

bool VerifyByResidentNumber(const Statement& statement, Patient* patient) {
  if (patient->state != PatientState::kProvisional || statement.name.empty() ||
      statement.birth_date.empty() || statement.birth_date != patient->birth_date ||
      CompareNames({statement.name, statement.name_latin, ""},
                   {patient->name, patient->name_latin, ""}) == Fit::kContradicts) {
    return false;
  }
  for (const PatientIdentifier& number : statement.identifiers) {
    if (number.type == IdentifierType::kResidentId && Verify(number, patient).ok()) return true;
  }
  return false;
}

}  // namespace tongjian::registry
