// A master patient: what is known of one person, and how sure it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::registry {

// The numbers are those of registry.v1.PatientState.
enum class PatientState { kNone = 0, kProvisional = 1, kVerified = 2, kMerged = 3 };

std::string_view Name(PatientState state);

// The numbers are those of common.v1.IdentifierType.
enum class IdentifierType {
  kNone = 0,
  kFacility = 1,
  kResidentId = 2,
  kOutpatient = 3,
  kInpatient = 4,
  kInsurance = 5,
  kPassport = 6,
  kHealthCard = 7,
  kCheckup = 8
};

// The numbers are those of common.v1.Sex.
enum class Sex { kNone = 0, kMale = 1, kFemale = 2, kUnknown = 3 };

// Whether a number of this type proves who somebody is: documents do, a facility's own numbers do
// not.
bool IsDocument(IdentifierType type);

// Characters in a number at the most, as in DICOM's LO.
inline constexpr size_t kNumberMax = 64;

struct PatientIdentifier {
  IdentifierType type = IdentifierType::kNone;
  std::string value;
  std::string assigner_facility_id;  // Empty for documents.
  bool verified = false;             // Seen on the document by a person.
};
bool SameNumber(const PatientIdentifier& a, const PatientIdentifier& b);

struct Patient {
  std::string id;
  PatientState state = PatientState::kNone;
  std::string name;
  std::string name_latin;
  Sex sex = Sex::kNone;
  std::string birth_date;
  std::vector<PatientIdentifier> identifiers;
  bool unnamed = false;
  std::string mother_patient_id;
  std::string merged_into_id;
  std::vector<std::string> notes;       // Warnings that were given when something happened.
  std::vector<std::string> merged_ids;  // What was merged into it and still is.
  bool sharing_refused = false;         // By the decisions that count for it (consent.h).
  int64_t version = 0;
  absl::Time updated;
};

// INVALID_ARGUMENT unless name (128), number (64) and so on keep to their limits, the birth date is
// a day, the sex and types are known ones, and facility numbers name their assigner.
absl::Status CheckPatient(const Patient& patient);

// What a person should look at: the notes, and resident numbers that fail GB 11643 or contradict
// birth date or sex.
std::vector<std::string> Warnings(const Patient& patient);

// Adds a note once.
void AddNote(std::string_view note, Patient* patient);

// Adds numbers it does not have yet; says whether there were any.
bool AddIdentifiers(const std::vector<PatientIdentifier>& identifiers, Patient* patient);

// Marks the identity as checked against `document`. INVALID_ARGUMENT when that is no document, or a
// resident number that fails GB 11643 or contradicts the birth date; FAILED_PRECONDITION
// (STATE_NOT_ALLOWED) for a merged or unnamed patient. An empty birth date is taken from the
// resident number.
absl::Status Verify(PatientIdentifier document, Patient* patient);

// Replaces name, Latin name, sex, birth date and the numbers by those of `wanted`. Another name or
// birth date takes the verification away: automatic links must not rest on words nobody checked.
// FAILED_PRECONDITION when it is merged.
absl::Status Correct(const Patient& wanted, Patient* patient);

// Whether `source` may be merged into `target`: both unmerged, two persons, and never a verified
// one into a provisional one. Nothing moves: the source only says into whom it went, so that a
// wrong merge can be undone whole.
absl::Status CheckMerge(const Patient& source, const Patient& target);

}  // namespace tongjian::registry
