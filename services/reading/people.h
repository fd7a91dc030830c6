// The patient and the people of a report, as plain values.
#pragma once

#include <string>
#include <vector>

namespace tongjian::reading {

struct Identifier {
  int type = 0;  // tongjian.common.v1.IdentifierType
  std::string value;
  std::string assigner_facility_id;
  bool operator==(const Identifier&) const = default;
};

// The patient in the requesting facility's words, which are never rewritten; only `patient_id` is a link on top.
struct Patient {
  std::string facility_id;
  std::string facility_patient_id;
  std::string name;
  std::string name_latin;
  int sex = 0;
  std::string birth_date;  // YYYY-MM-DD, or empty.
  std::vector<Identifier> identifiers;
  std::string patient_id;  // The master patient, or empty.
  bool operator==(const Patient&) const = default;
};

// A person as written on a document.
struct Practitioner {
  std::string practitioner_id;
  std::string name;
  std::string facility_id;
  bool operator==(const Practitioner&) const = default;
};

// Who reads: a person of the registry with an account.
struct Reader {
  std::string user_id;
  std::string practitioner_id;
  std::string name;  // As it is printed.
  std::string facility_id;
};

}  // namespace tongjian::reading
