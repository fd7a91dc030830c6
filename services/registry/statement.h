// What a facility says of the patient it means, and what may be taken from it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "services/registry/matching.h"
#include "services/registry/patient.h"

namespace tongjian::registry {

struct Statement {
  std::string facility_id;
  std::string
      number;  // The facility's own number; when empty we make one, so that the link exists.
  std::string name;
  std::string name_latin;
  Sex sex = Sex::kNone;
  std::string birth_date;
  std::vector<PatientIdentifier> identifiers;
  bool unnamed = false;
  std::string mother_patient_id;
};

// Notes that a person should look at.
inline constexpr std::string_view kNumberGivenTwice =
    "the facility gave this number to somebody else before: another name or birth date stands "
    "under it";
inline constexpr std::string_view kDocumentElsewhere =
    "the document is verified for another patient: check whether the two are one";
inline constexpr std::string_view kSameWords =
    "the facility said the same name and birth date without a number before: check whether the "
    "two are one";
inline constexpr std::string_view kForeignNumber =
    "a number that another facility gives was left out";

// What is compared of it: an unnamed patient's name (无名氏) says nothing.
PersonWords WordsOf(const Statement& statement);

// Whether these words of one facility mean anybody in particular: by its number, or perhaps by name
// and birth date, which two people may share. A name alone is several people's.
bool NamesSomebody(std::string_view number, std::string_view name, std::string_view birth_date);

// The numbers that are the facility's to state, its own number among them; others are left out with
// a warning.
std::vector<PatientIdentifier> OwnNumbers(const Statement& statement,
                                          std::vector<std::string>* warnings);

// Those of the numbers that can link by document: a resident number must keep to GB 11643.
std::vector<PatientIdentifier> LinkingDocuments(const std::vector<PatientIdentifier>& numbers);

// Adds what the patient's record does not know yet; says whether there was any.
bool Learn(const Statement& statement, Patient* patient);

// A resident number that keeps to GB 11643 and fits the birth date and name beside it verifies the
// patient; a wrong check digit, an unnamed patient or other words withhold. Says whether the
// patient became verified. Not to be asked when somebody else is verified by the number.
bool VerifyByResidentNumber(const Statement& statement, Patient* patient);

}  // namespace tongjian::registry
