#include "services/registry/patient.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "services/registry/days.h"
#include "services/registry/folding.h"
#include "services/registry/identifiers.h"

namespace tongjian::registry {
namespace {

constexpr size_t kNameMax = 128;
constexpr size_t kIdentifiersMax = 200;
constexpr size_t kNotesMax = 50;

// Whether the text is longer than so many characters of UTF-8.
bool LongerThan(std::string_view text, size_t characters_max) {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), begins)) > characters_max;
}

absl::Status CheckIdentifier(const PatientIdentifier& identifier) {
  if (identifier.type < IdentifierType::kFacility || identifier.type > IdentifierType::kCheckup) {
    return base::InvalidField("identifiers.type", "not a type of number");
  }
  if (identifier.value.empty() || LongerThan(identifier.value, kNumberMax)) {
    return base::InvalidField("identifiers.value", "a number has 1 to 64 characters");
  }
  const bool national = identifier.type == IdentifierType::kResidentId ||
                        identifier.type == IdentifierType::kPassport;
  if (national && !identifier.assigner_facility_id.empty()) {
    return base::InvalidField("identifiers.assigner_facility_id",
                              "a national document has no assigning facility");
  }
  if (!IsDocument(identifier.type) && identifier.assigner_facility_id.empty()) {
    return base::InvalidField("identifiers.assigner_facility_id",
                              "a facility's number names the facility");
  }
  return absl::OkStatus();
}

// What contradicts between a resident number and what else is known.
std::optional<std::string> Contradiction(const PatientIdentifier& identifier,
                                         const Patient& patient) {
  const auto read = ReadResidentNumber(identifier.value);
  if (!read) return "the resident number fails its check (GB 11643)";
  if (!patient.birth_date.empty() && patient.birth_date != read->birth_date) {
    return "the resident number says another birth date";
  }
  return std::nullopt;
}

}  // namespace

std::string_view Name(PatientState state) {
  switch (state) {
    case PatientState::kNone:
      return "none";
    case PatientState::kProvisional:
      return "provisional";
    case PatientState::kVerified:
      return "verified";
    case PatientState::kMerged:
      return "merged";
  }
  return "unknown";
}

bool IsDocument(IdentifierType type) {
  return type == IdentifierType::kResidentId || type == IdentifierType::kPassport ||
         type == IdentifierType::kInsurance || type == IdentifierType::kHealthCard;
}

bool SameNumber(const PatientIdentifier& a, const PatientIdentifier& b) {
  return a.type == b.type && a.value == b.value && a.assigner_facility_id == b.assigner_facility_id;
}

absl::Status CheckPatient(const Patient& patient) {
  if (LongerThan(patient.name, kNameMax))
    return base::InvalidField("name", "a name has at most 128 characters");
  if (LongerThan(patient.name_latin, kNameMax)) {
    return base::InvalidField("name_latin", "a name has at most 128 characters");
  }
  if (!patient.birth_date.empty() && !IsDay(patient.birth_date)) {
    return base::InvalidField("birth_date", "a day is written YYYY-MM-DD");
  }
  if (patient.sex < Sex::kNone || patient.sex > Sex::kUnknown)
    return base::InvalidField("sex", "not a known value");
  if (patient.identifiers.size() > kIdentifiersMax) {
    return base::InvalidField("identifiers", "a patient has at most 200 numbers");
  }
  for (const PatientIdentifier& identifier : patient.identifiers)
    TJ_TRY(CheckIdentifier(identifier));
  return absl::OkStatus();
}

std::vector<std::string> Warnings(const Patient& patient) {
  std::vector<std::string> warnings = patient.notes;
  for (const PatientIdentifier& identifier : patient.identifiers) {
    if (identifier.type != IdentifierType::kResidentId) continue;
    if (const auto contradiction = Contradiction(identifier, patient)) {
      warnings.push_back(*contradiction);
    } else if (const bool male = ReadResidentNumber(identifier.value)->male;
               patient.sex == (male ? Sex::kFemale : Sex::kMale)) {
      warnings.push_back("the resident number says another sex");
    }
  }
  return warnings;
}

void AddNote(std::string_view note, Patient* patient) {
  auto& notes = patient->notes;
  if (notes.size() < kNotesMax && std::find(notes.begin(), notes.end(), note) == notes.end())
    notes.emplace_back(note);
}

bool AddIdentifiers(const std::vector<PatientIdentifier>& identifiers, Patient* patient) {
  bool added = false;
  for (const PatientIdentifier& identifier : identifiers) {
    const bool known =
        std::any_of(patient->identifiers.begin(), patient->identifiers.end(),
                    [&](const PatientIdentifier& own) { return SameNumber(own, identifier); });
    if (known || patient->identifiers.size() >= kIdentifiersMax) continue;
    patient->identifiers.push_back(identifier);
    patient->identifiers.back().verified = false;  // Only Verify says so.
    added = true;
  }
  return added;
}

absl::Status Verify(PatientIdentifier document, Patient* patient) {
  if (patient->state == PatientState::kMerged || patient->unnamed || patient->name.empty()) {
    return base::Conflict("STATE_NOT_ALLOWED", "a merged or unnamed patient can't be verified");
  }
  if (!IsDocument(document.type))
    return base::InvalidField("document.type", "this number is not of a document");
  TJ_TRY(CheckIdentifier(document));
  if (document.type == IdentifierType::kResidentId) {
    if (const auto contradiction = Contradiction(document, *patient)) {
      return base::InvalidField("document.value", *contradiction);
    }
    if (patient->birth_date.empty())
      patient->birth_date = ReadResidentNumber(document.value)->birth_date;
  }
  document.verified = true;
  const auto own =
      std::find_if(patient->identifiers.begin(), patient->identifiers.end(),
                   [&](const PatientIdentifier& known) { return SameNumber(known, document); });
  if (own == patient->identifiers.end()) {
    patient->identifiers.push_back(std::move(document));
  } else {
    own->verified = true;
  }
  patient->state = PatientState::kVerified;
  return absl::OkStatus();
}

absl::Status Correct(const Patient& wanted, Patient* patient) {
  if (patient->state == PatientState::kMerged) {
    return base::Conflict("STATE_NOT_ALLOWED",
                          "a merged patient can't be changed: change the one it was merged into");
  }
  const bool other_person_words =
      FoldName(wanted.name) != FoldName(patient->name) || wanted.birth_date != patient->birth_date;
  std::vector<PatientIdentifier> identifiers = wanted.identifiers;
  for (PatientIdentifier& identifier : identifiers) {
    const auto own =
        std::find_if(patient->identifiers.begin(), patient->identifiers.end(),
                     [&](const PatientIdentifier& known) { return SameNumber(known, identifier); });
    identifier.verified = own != patient->identifiers.end() && own->verified && !other_person_words;
  }
  const bool document_left =
      std::any_of(identifiers.begin(), identifiers.end(),
                  [](const PatientIdentifier& identifier) { return identifier.verified; });
  if (!document_left) patient->state = PatientState::kProvisional;
  patient->name = wanted.name;
  patient->name_latin = wanted.name_latin;
  patient->sex = wanted.sex;
  patient->birth_date = wanted.birth_date;
  patient->identifiers = std::move(identifiers);
  if (!patient->name.empty()) patient->unnamed = false;
  return CheckPatient(*patient);
}

absl::Status CheckMerge(const Patient& source, const Patient& target) {
  if (source.id == target.id)
    return base::InvalidField("target_id", "a patient can't be merged into itself");
  if (source.state == PatientState::kMerged || target.state == PatientState::kMerged) {
    return base::Conflict("STATE_NOT_ALLOWED", "one of the two is merged already");
  }
  if (source.state == PatientState::kVerified && target.state != PatientState::kVerified) {
    return base::Conflict("STATE_NOT_ALLOWED",
                          "merge the provisional patient into the verified one");
  }
  return absl::OkStatus();
}

}  // namespace tongjian::registry
