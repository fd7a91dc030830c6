// How rows of patients read, for the files with their SQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/store/session.h"
#include "services/registry/patient.h"

namespace tongjian::registry {

// The columns PatientOf reads, in its order.
#define TJ_PATIENT_COLUMNS                                                       \
  "select p.id, p.state, p.name, p.name_latin, p.sex, p.birth_date, p.unnamed, " \
  "p.mother_patient_id, "                                                        \
  "p.merged_into_id, p.notes, p.version, p.updated, p.name_key, p.latin_key from patients p "

// Without its numbers.
Patient PatientOf(const store::Row& row);

// The key by which its Latin name is found: of name_latin, or of a name written in Latin letters.
std::string LatinKey(const Patient& patient);

// Which numbers: those that count for the patient now, or those it was given itself.
enum class NumbersOf { kCounting, kGiven };
// In a fixed order; a number that two merged patients both had is one.
absl::StatusOr<std::vector<PatientIdentifier>> ReadNumbers(store::Session& session,
                                                           std::string_view patient_id,
                                                           NumbersOf which);

}  // namespace tongjian::registry
