// The right to sign for a facility in a discipline: a license and a relation, both as of a time.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/registry/membership.h"

namespace tongjian::registry {

// The numbers are those of common.v1.Discipline.
enum class Discipline { kNone = 0, kImaging = 1, kEcg = 2, kLaboratory = 3, kPathology = 4 };

// A license as far as the right to sign depends on it. Days are YYYY-MM-DD, empty is open.
struct License {
  std::string number;
  std::string type;
  std::vector<Discipline> disciplines;
  std::string facility_id;
  std::string from;
  std::string to;
};

// A site and the legal entity it belongs to.
struct Workplace {
  std::string facility_id;
  std::string legal_entity_code;
};

// A site's membership of a community.
struct Belonging {
  std::string community_id;
  std::string facility_id;
  MembershipHistory history;
};

// One facility's readers may sign for another.
struct ReadingAgreement {
  std::string id;
  std::string requesting_facility_id;
  std::string reading_facility_id;
  Discipline discipline = Discipline::kNone;
  std::string from;
  std::string to;
};

// All that the answer depends on.
struct EntitlementFacts {
  bool practitioner_active = false;
  std::vector<License> licenses;
  std::vector<Workplace> workplaces;         // Where the practitioner works or is registered.
  Workplace requesting;                      // For whom the report is.
  std::vector<Belonging> belongings;         // Of the workplaces and of the requesting site.
  std::vector<ReadingAgreement> agreements;  // Of the requesting site.
};

// The answer with its grounds: what each half rests on, or why there is none.
struct Entitlement {
  bool entitled = false;
  std::string license;
  std::string relation;
};

// Entitled: an active practitioner with a physician's license that names `discipline` and holds on
// the day of `time`, and a workplace that is the requesting site, shares its legal entity, was
// active with it in one community at `time`, or reads for it by an agreement in force. The
// practice-location waiver of a community is why any workplace counts (domain/rules.md 1, "Practice
// location waiver").
Entitlement Decide(const EntitlementFacts& facts, Discipline discipline, absl::Time time);

}  // namespace tongjian::registry
