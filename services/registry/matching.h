// Whose words are these: which master patient a facility means, decided without guessing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "services/registry/patient.h"

namespace tongjian::registry {

// What is compared of a person. Empty is not known.
struct PersonWords {
  std::string name;
  std::string name_latin;
  std::string birth_date;
};

// How two statements about a person stand to each other.
enum class Fit {
  kContradicts,  // Both known and different.
  kUnknown,      // Nothing comparable on one side.
  kAgrees        // Both known and equal.
};

// Folded names; Chinese with Chinese, Latin with Latin in any order of its parts (ZHANG^SAN is San
// Zhang). Names in different scripts with no common writing are not comparable.
Fit CompareNames(const PersonWords& a, const PersonWords& b);

// Contradicts when name or birth date does; agrees when none contradicts and one agrees.
Fit ComparePersons(const PersonWords& a, const PersonWords& b);

// A patient that stands under the same number of the same facility.
struct Candidate {
  std::string patient_id;  // The patient it counts as now, behind merges.
  PersonWords words;
  bool unnamed = false;
  bool verified = false;
};

// Which of the patients under one facility number is meant; nothing when none is, so that a new
// provisional patient is right. A candidate that agrees is; so is an unnamed emergency that now
// gets its name; and of two statements that name nobody (a cart that sends a counter) the second
// joins the first. A bare number never reaches a named patient: numbers are given twice, and carts
// count from one. Among several the verified one, then the first.
std::optional<size_t> ChooseByNumber(const std::vector<Candidate>& candidates,
                                     const PersonWords& words);

// The only one of the patients with the same verified document whose name and birth date are both
// known and equal; nothing when there is none or more than one.
std::optional<size_t> ChooseByDocument(const std::vector<Candidate>& candidates,
                                       const PersonWords& words);

}  // namespace tongjian::registry
