#include "services/imaging/study.h"

namespace tongjian::imaging {
namespace {

bool Known(std::string_view a, std::string_view b) { return !a.empty() && !b.empty(); }

bool NamesKnown(const PatientWords& words) {
  return !words.name_key.empty() || !words.latin_key.empty();
}

bool BirthDatesContradict(const PatientWords& a, const PatientWords& b) {
  return Known(a.birth_date, b.birth_date) && a.birth_date != b.birth_date;
}

}  // namespace

std::string_view Name(StudyState state) {
  switch (state) {
    case StudyState::kReceiving:
      return "RECEIVING";
    case StudyState::kComplete:
      return "COMPLETE";
    case StudyState::kVerified:
      return "VERIFIED";
    case StudyState::kReopened:
      return "REOPENED";
  }
  return "UNKNOWN";
}

bool SameName(const PatientWords& a, const PatientWords& b) {
  const auto equal = [](const std::string& x, const std::string& y) {
    return !x.empty() && x == y;
  };
  return equal(a.name_key, b.name_key) || equal(a.latin_key, b.latin_key) ||
         equal(a.name_key, b.latin_key) || equal(a.latin_key, b.name_key);
}

bool SamePatient(const PatientWords& a, const PatientWords& b, bool otherwise) {
  const bool names_known = NamesKnown(a) && NamesKnown(b);
  const bool names_differ = names_known && !SameName(a, b);
  if (a.facility_id == b.facility_id && Known(a.facility_patient_id, b.facility_patient_id)) {
    if (a.facility_patient_id != b.facility_patient_id) return false;
    return !(names_differ && BirthDatesContradict(a, b));
  }
  if (names_known) return !names_differ && !BirthDatesContradict(a, b);
  return BirthDatesContradict(a, b) ? false : otherwise;
}

}  // namespace tongjian::imaging
