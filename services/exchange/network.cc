#include "services/exchange/network.h"

#include <algorithm>
#include <cstdlib>

namespace tongjian::exchange {
namespace {

// Grades by the local list: 1 三级特等 .. 4 三级丙等, 5 二级甲等; a higher number is lower, none is lowest.
constexpr int kUpperGradeLast = 5;
constexpr int kNoGrade = 14;

bool ActiveAt(const MembershipFact& membership, absl::Time time) {
  return std::any_of(membership.active.begin(), membership.active.end(),
                     [&](const Span& span) { return span.Holds(time); });
}

bool ActiveAtBoth(const MembershipFact& membership, const Sites& sites) {
  return ActiveAt(membership, sites.performed) && ActiveAt(membership, sites.now);
}

bool Agreed(const MembershipFact& membership, const std::string& code) {
  return std::find(membership.agreed_codes.begin(), membership.agreed_codes.end(), code) !=
         membership.agreed_codes.end();
}

// One community that both have been members of.
void Weigh(const Facts& facts, const Sites& sites, const MembershipFact& asking,
           const MembershipFact& performing, Standing& standing) {
  if (!ActiveAtBoth(asking, sites) || !ActiveAtBoth(performing, sites)) {
    standing.membership_lapsed = true;
    return;
  }
  const auto community = facts.communities.find(asking.community_id);
  if (community == facts.communities.end()) return;
  const bool agreed =
      Agreed(asking, sites.recognition_code) && Agreed(performing, sites.recognition_code);
  if (!community->second.tight && !agreed) return;
  if (!standing.in_community) standing.basis = "community " + community->second.name;
  standing.in_community = true;
}

void WeighCommunities(const Facts& facts, const Sites& sites, Standing& standing) {
  const auto [asking, asking_end] = facts.memberships.equal_range(sites.asking_facility_id);
  const auto [performing, performing_end] =
      facts.memberships.equal_range(sites.performing_facility_id);
  for (auto a = asking; a != asking_end; ++a) {
    for (auto p = performing; p != performing_end; ++p) {
      if (a->second.community_id == p->second.community_id) {
        Weigh(facts, sites, a->second, p->second, standing);
      }
    }
  }
}

bool Reaches(const QualificationFact& qualification, const std::string& region) {
  if (qualification.national) return true;
  if (qualification.community_only || region.empty()) return false;
  return std::any_of(qualification.region_codes.begin(), qualification.region_codes.end(),
                     [&](const std::string& prefix) { return !prefix.empty() && region.starts_with(prefix); });
}

std::string MarkOf(const QualificationFact& qualification) {
  if (qualification.national) return "mark of the nation";
  std::string regions;
  for (const std::string& region : qualification.region_codes) regions += " " + region;
  return "mark of" + regions;
}

bool HeldOn(const QualificationFact& qualification, const std::string& day) {
  return qualification.from <= day && (qualification.to.empty() || day <= qualification.to);
}

void WeighQualifications(const Facts& facts, const Sites& sites, Standing& standing) {
  const std::string day = absl::FormatTime("%Y-%m-%d", sites.performed, facts.zone);
  const auto asking = facts.facilities.find(sites.asking_facility_id);
  const std::string region = asking == facts.facilities.end() ? "" : asking->second.region_code;
  const auto [begin, end] = facts.qualifications.equal_range(sites.performing_facility_id);
  for (auto found = begin; found != end; ++found) {
    const QualificationFact& qualification = found->second;
    const bool concerns = qualification.recognition_code.empty()
                              ? qualification.discipline == sites.discipline
                              : qualification.recognition_code == sites.recognition_code;
    if (!concerns || !HeldOn(qualification, day)) continue;
    if (qualification.suspended) {
      standing.suspended = true;
      continue;
    }
    standing.qualified = true;
    if (!Reaches(qualification, region)) continue;
    if (!standing.inside() && !standing.mark_covers) standing.basis = MarkOf(qualification);
    standing.mark_covers = true;
  }
}

bool IsUpper(const Facts& facts, const std::string& facility_id) {
  const auto found = facts.facilities.find(facility_id);
  const int grade = found == facts.facilities.end() ? 0 : std::atoi(found->second.grade_code.c_str());
  return (grade <= 0 ? kNoGrade : grade) <= kUpperGradeLast;
}

}  // namespace

Standing StandingOf(const Facts& facts, const Sites& sites, bool level_gate) {
  Standing standing;
  standing.own = sites.asking_facility_id == sites.performing_facility_id;
  if (standing.own) standing.basis = "the site's own exam";
  WeighCommunities(facts, sites, standing);
  WeighQualifications(facts, sites, standing);
  standing.level_allows = !level_gate || !IsUpper(facts, sites.asking_facility_id) ||
                          IsUpper(facts, sites.performing_facility_id);
  return standing;
}

}  // namespace tongjian::exchange
