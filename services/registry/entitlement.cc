#include "services/registry/entitlement.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "services/registry/days.h"

namespace tongjian::registry {
namespace {

constexpr std::string_view kPhysician = "physician";

// The half of the answer that one ground gives: whether it holds, and the words for it.
struct Ground {
  bool holds = false;
  std::string words;
};

Ground LicenseGround(const EntitlementFacts& facts, Discipline discipline, std::string_view day) {
  if (!facts.practitioner_active) return {false, "the practitioner is not active"};
  std::string why = "no license";
  for (const License& license : facts.licenses) {
    const bool names_it = std::find(license.disciplines.begin(), license.disciplines.end(),
                                    discipline) != license.disciplines.end();
    if (license.type != kPhysician) {
      why =
          absl::StrCat("license ", license.number, " is of type ", license.type, ", not physician");
    } else if (!names_it) {
      why = absl::StrCat("license ", license.number, " does not name the discipline");
    } else if (!Covers(license.from, license.to, day)) {
      why = absl::StrCat("license ", license.number, " does not hold on that day");
    } else {
      return {true, absl::StrCat("license ", license.number)};
    }
  }
  return {false, why};
}

bool ActiveIn(const EntitlementFacts& facts, std::string_view community_id,
              std::string_view facility_id, absl::Time time) {
  return std::any_of(
      facts.belongings.begin(), facts.belongings.end(), [&](const Belonging& belonging) {
        return belonging.community_id == community_id && belonging.facility_id == facility_id &&
               StateAt(belonging.history, time) == MembershipState::kActive;
      });
}

Ground SiteGround(const EntitlementFacts& facts) {
  for (const Workplace& place : facts.workplaces) {
    if (place.facility_id == facts.requesting.facility_id) return {true, "works at the facility"};
  }
  for (const Workplace& place : facts.workplaces) {
    if (!place.legal_entity_code.empty() &&
        place.legal_entity_code == facts.requesting.legal_entity_code) {
      return {true, absl::StrCat("same legal entity as ", place.facility_id)};
    }
  }
  return {};
}

Ground CommunityGround(const EntitlementFacts& facts, absl::Time time) {
  for (const Belonging& own : facts.belongings) {
    if (own.facility_id != facts.requesting.facility_id) continue;
    if (StateAt(own.history, time) != MembershipState::kActive) continue;
    for (const Workplace& place : facts.workplaces) {
      if (ActiveIn(facts, own.community_id, place.facility_id, time)) {
        return {true, absl::StrCat("community ", own.community_id, " with ", place.facility_id)};
      }
    }
  }
  return {};
}

Ground AgreementGround(const EntitlementFacts& facts, Discipline discipline, std::string_view day) {
  for (const ReadingAgreement& agreement : facts.agreements) {
    const bool ours = std::any_of(
        facts.workplaces.begin(), facts.workplaces.end(),
        [&](const Workplace& place) { return place.facility_id == agreement.reading_facility_id; });
    if (ours && agreement.requesting_facility_id == facts.requesting.facility_id &&
        agreement.discipline == discipline && Covers(agreement.from, agreement.to, day)) {
      return {true, absl::StrCat("agreement ", agreement.id)};
    }
  }
  return {};
}

Ground Relation(const EntitlementFacts& facts, Discipline discipline, absl::Time time,
                std::string_view day) {
  if (Ground ground = SiteGround(facts); ground.holds) return ground;
  if (Ground ground = CommunityGround(facts, time); ground.holds) return ground;
  if (Ground ground = AgreementGround(facts, discipline, day); ground.holds) return ground;
  return {false, "no common community and no agreement at that time"};
}

}  // namespace

Entitlement Decide(const EntitlementFacts& facts, Discipline discipline, absl::Time time) {
  const std::string day = DayOf(time);
  const Ground license = LicenseGround(facts, discipline, day);
  const Ground relation = Relation(facts, discipline, time, day);
  return {license.holds && relation.holds, license.words, relation.words};
}

}  // namespace tongjian::registry
