#include "services/imaging/matching.h"

#include <algorithm>

namespace tongjian::imaging {
namespace {

enum class Verdict { kNone, kLink, kDoubt };

struct Step {
  Verdict verdict = Verdict::kNone;
  std::vector<NewLink> links;
};

bool TakenAway(const std::vector<Link>& links, std::string_view order_id) {
  return std::any_of(links.begin(), links.end(), [&](const Link& link) {
    return link.order_id == order_id && !link.active && link.by == LinkedBy::kPerson;
  });
}

// The orders of `candidates` that pass `fits`; provisional ones only where there is no other.
template <typename Fits>
std::vector<const OrderRef*> Choose(const std::vector<Candidate>& candidates,
                                    const std::vector<Link>& links, Fits fits) {
  std::vector<const OrderRef*> real, provisional;
  for (const Candidate& candidate : candidates) {
    if (!candidate.same_family || !candidate.order.live || !fits(candidate)) continue;
    if (TakenAway(links, candidate.order.order_id)) continue;
    (candidate.order.provisional ? provisional : real).push_back(&candidate.order);
  }
  return real.empty() ? provisional : real;
}

// `many`: several orders may hold the same evidence; under one number they may not.
Step Weigh(const Study& study, const std::vector<const OrderRef*>& orders, LinkedBy by,
           bool otherwise, bool many) {
  Step step;
  if (orders.empty()) return step;
  for (const OrderRef* order : orders) {
    // Two patients came under this UID: a name alone does not tell which of them the order means.
    const bool certain =
        !(study.flags & kUidOfOtherPatient) || SamePatient(study.patient, order->patient, false);
    if (certain && CompatiblePatient(study.patient, order->patient, otherwise)) {
      step.links.push_back({order->order_id, by});
    }
  }
  const bool clear = !step.links.empty() && (many || step.links.size() == 1);
  step.verdict = clear ? Verdict::kLink : Verdict::kDoubt;
  if (!clear) step.links.clear();
  return step;
}

}  // namespace

bool CompatiblePatient(const PatientWords& study, const PatientWords& order, bool otherwise) {
  const bool birth_differs = !study.birth_date.empty() && !order.birth_date.empty() &&
                             study.birth_date != order.birth_date;
  const bool names_known = (!study.name_key.empty() || !study.latin_key.empty()) &&
                           (!order.name_key.empty() || !order.latin_key.empty());
  const bool same_name = SameName(study, order);
  const bool numbers_known =
      !study.facility_patient_id.empty() && !order.facility_patient_id.empty();
  if (numbers_known && study.facility_patient_id == order.facility_patient_id) {
    const bool names_differ = names_known && !same_name;
    return !names_differ || (study.facility_id == order.facility_id && !birth_differs);
  }
  if (names_known) return same_name && !birth_differs;
  return otherwise && !numbers_known && !birth_differs;
}

MatchDecision Decide(const Study& study, const std::vector<Link>& links,
                     const std::vector<Candidate>& candidates) {
  MatchDecision decision;
  for (const Link& link : links) {
    if (link.active && link.by == LinkedBy::kPerson)
      decision.links.push_back({link.order_id, link.by});
  }
  if (!decision.links.empty()) {
    decision.state = MatchState::kLinked;
    return decision;
  }

  const auto names_study = [](const Candidate& candidate) { return candidate.names_study; };
  const auto has_accession = [&](const Candidate& candidate) {
    return !study.accession_number.empty() &&
           candidate.order.accession_number == study.accession_number;
  };
  const auto has_placer = [&](const Candidate& candidate) {
    return !study.accession_number.empty() &&
           candidate.order.placer_order_number == study.accession_number;
  };
  const Step steps[] = {
      Weigh(study, Choose(candidates, links, names_study), LinkedBy::kStudyUid, true, true),
      Weigh(study, Choose(candidates, links, has_accession), LinkedBy::kAccessionNumber, false,
            false),
      Weigh(study, Choose(candidates, links, has_placer), LinkedBy::kAccessionNumber, false, false),
  };
  for (const Step& step : steps) {
    if (step.verdict == Verdict::kNone) continue;
    if (step.verdict == Verdict::kLink) return {MatchState::kMatched, step.links};
    return {MatchState::kDoubtful, {}};
  }
  return decision;
}

std::string_view Name(LinkedBy by) {
  switch (by) {
    case LinkedBy::kStudyUid:
      return "study_uid";
    case LinkedBy::kAccessionNumber:
      return "accession_number";
    case LinkedBy::kPerson:
      return "person";
  }
  return "unknown";
}

}  // namespace tongjian::imaging
