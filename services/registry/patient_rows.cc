#include "services/registry/patient_rows.h"

#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "services/registry/folding.h"

namespace tongjian::registry {
namespace {

// Many merged patients of 200 numbers each.
constexpr int64_t kNumbersMax = 10'000;

}  // namespace

Patient PatientOf(const store::Row& row) {
  Patient patient;
  patient.id = row.Text(0);
  patient.state = static_cast<PatientState>(row.Int(1));
  patient.name = row.Text(2);
  patient.name_latin = row.Text(3);
  patient.sex = static_cast<Sex>(row.Int(4));
  patient.birth_date = row.Text(5);
  patient.unnamed = row.Bool(6);
  patient.mother_patient_id = row.Text(7);
  patient.merged_into_id = row.Text(8);
  patient.notes = absl::StrSplit(row.Text(9), '\n', absl::SkipEmpty());
  patient.version = row.Int(10);
  patient.updated = row.Time(11);
  return patient;
}

std::string LatinKey(const Patient& patient) {
  if (!patient.name_latin.empty()) return NameKey(FoldName(patient.name_latin));
  const std::string folded = FoldName(patient.name);
  return IsLatin(folded) ? NameKey(folded) : std::string();
}

absl::StatusOr<std::vector<PatientIdentifier>> ReadNumbers(store::Session& session,
                                                           std::string_view patient_id,
                                                           NumbersOf which) {
  constexpr std::string_view kCounting =
      "select type, assigner, value, max(verified) from patient_identifiers where current_id = :id "
      "group by type, assigner, value order by type, assigner, value limit :limit";
  constexpr std::string_view kGiven =
      "select type, assigner, value, max(verified) from patient_identifiers where patient_id = :id "
      "group by type, assigner, value order by type, assigner, value limit :limit";
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(which == NumbersOf::kCounting ? kCounting : kGiven, patient_id, kNumbersMax));
  std::vector<PatientIdentifier> numbers;
  numbers.reserve(rows.size());
  for (const store::Row& row : rows) {
    numbers.push_back(
        {static_cast<IdentifierType>(row.Int(0)), row.Text(2), row.Text(1), row.Bool(3)});
  }
  return numbers;
}

}  // namespace tongjian::registry
