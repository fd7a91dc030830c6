#include "services/orders/same_patient.h"

#include <algorithm>
#include <set>
#include <string>

#include "common/dicom/person_name.h"

namespace tongjian::orders {
namespace {

using Keys = std::set<std::string>;

enum class NameMatch { kAgree, kDiffer, kOfTwoScripts, kUnknown };

bool IsLatin(const std::string& key) {
  return std::all_of(key.begin(), key.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Keys KeysOf(const Patient& patient) {
  Keys keys = {dicom::SearchKey(patient.name), dicom::SearchKey(patient.name_latin)};
  keys.erase("");
  return keys;
}

bool Share(const Keys& a, const Keys& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& key) { return b.contains(key); });
}

bool Has(const Keys& keys, bool latin) {
  return std::any_of(keys.begin(), keys.end(),
                     [&](const std::string& key) { return IsLatin(key) == latin; });
}

NameMatch CompareNames(const Patient& a, const Patient& b) {
  const Keys of_a = KeysOf(a), of_b = KeysOf(b);
  if (of_a.empty() || of_b.empty()) return NameMatch::kUnknown;
  if (Share(of_a, of_b)) return NameMatch::kAgree;
  const bool one_script =
      (Has(of_a, true) && Has(of_b, true)) || (Has(of_a, false) && Has(of_b, false));
  return one_script ? NameMatch::kDiffer : NameMatch::kOfTwoScripts;
}

bool SexesContradict(Sex a, Sex b) {
  const auto stated = [](Sex sex) { return sex == Sex::kMale || sex == Sex::kFemale; };
  return stated(a) && stated(b) && a != b;
}

Likeness SameIf(bool same) { return same ? Likeness::kSame : Likeness::kOther; }

}  // namespace

Likeness Compare(const Patient& a, const Patient& b) {
  const bool births_known = !a.birth_date.empty() && !b.birth_date.empty();
  const bool births_equal = births_known && a.birth_date == b.birth_date;
  const bool births_differ = births_known && a.birth_date != b.birth_date;
  const bool numbers_known = !a.facility_patient_id.empty() && !b.facility_patient_id.empty();
  const bool one_facility = a.facility_id == b.facility_id;
  const NameMatch names = CompareNames(a, b);
  if (numbers_known && one_facility && a.facility_patient_id == b.facility_patient_id) {
    if (names == NameMatch::kDiffer) return SameIf(births_equal);
    return SameIf(names != NameMatch::kOfTwoScripts || !births_differ);
  }
  switch (names) {
    case NameMatch::kAgree:
      return SameIf(!births_differ);
    case NameMatch::kDiffer:
      return Likeness::kOther;
    case NameMatch::kOfTwoScripts:
      return SameIf(births_equal && !SexesContradict(a.sex, b.sex));
    case NameMatch::kUnknown:
      break;
  }
  return births_differ || (numbers_known && one_facility) ? Likeness::kOther : Likeness::kUnknown;
}

}  // namespace tongjian::orders
