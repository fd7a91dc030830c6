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

bool Holds(const std::vector<NewLink>& links, std::string_view order_id) {
  return std::any_of(links.begin(), links.end(),
                     [&](const NewLink& link) { return link.order_id == order_id; });
}

// The orders that a number or UID leads to.
struct Choice {
  std::vector<const OrderRef*> real;
  std::vector<const OrderRef*> provisional;
};

template <typename Fits>
Choice Choose(const std::vector<Candidate>& candidates, const std::vector<Link>& links, Fits fits) {
  Choice choice;
  for (const Candidate& candidate : candidates) {
    if (!candidate.same_family || !candidate.order.live || !fits(candidate)) continue;
    if (TakenAway(links, candidate.order.order_id)) continue;
    (candidate.order.provisional ? choice.provisional : choice.real).push_back(&candidate.order);
  }
  return choice;
}

// The orders to which a provisional order was bound that has, or had by rule, this study. Either
// of the two orders tells of it; the real one's news comes first.
std::vector<NewLink> Bound(const std::vector<Link>& links,
                           const std::vector<Candidate>& candidates) {
  const auto had = [&](const std::string& order_id) {
    return std::any_of(links.begin(), links.end(),
                       [&](const Link& link) { return link.order_id == order_id; }) &&
           !TakenAway(links, order_id);
  };
  const auto ended = [&](const std::string& order_id) {
    return std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
      return candidate.order.order_id == order_id && !candidate.order.live;
    });
  };
  std::vector<NewLink> bound;
  for (const Candidate& candidate : candidates) {
    const OrderRef& order = candidate.order;
    if (order.bound_order_id.empty()) continue;
    const std::string& from = order.provisional ? order.order_id : order.bound_order_id;
    const std::string& to = order.provisional ? order.bound_order_id : order.order_id;
    if (!had(from) || ended(to) || TakenAway(links, to) || Holds(bound, to)) continue;
    bound.push_back({to, LinkedBy::kBinding});
  }
  return bound;
}

// Whether one name is in Latin letters alone and the other in characters alone.
bool OfTwoScripts(const PatientWords& a, const PatientWords& b) {
  const auto latin = [](const std::string& key) {
    return std::all_of(key.begin(), key.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  const auto all_latin = [&](const PatientWords& words) {
    return latin(words.name_key) && latin(words.latin_key);
  };
  const auto no_latin = [&](const PatientWords& words) {
    return (words.name_key.empty() || !latin(words.name_key)) &&
           (words.latin_key.empty() || !latin(words.latin_key));
  };
  return (all_latin(a) && no_latin(b)) || (no_latin(a) && all_latin(b));
}

bool SexesContradict(int64_t a, int64_t b) {
  const auto stated = [](int64_t sex) { return sex == 1 || sex == 2; };
  return stated(a) && stated(b) && a != b;
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

// The one order under a number; provisional ones only where there is no other.
Step WeighOne(const Study& study, const Choice& choice) {
  return Weigh(study, choice.real.empty() ? choice.provisional : choice.real,
               LinkedBy::kAccessionNumber, false, false);
}

}  // namespace

bool CompatiblePatient(const PatientWords& study, const PatientWords& order, bool otherwise) {
  const bool birth_differs = !study.birth_date.empty() && !order.birth_date.empty() &&
                             study.birth_date != order.birth_date;
  const bool names_known = (!study.name_key.empty() || !study.latin_key.empty()) &&
                           (!order.name_key.empty() || !order.latin_key.empty());
  const bool same_name = SameName(study, order);
  // Pinyin is not compared with characters: what else is known decides.
  const bool same_otherwise = names_known && OfTwoScripts(study, order) &&
                              !study.birth_date.empty() && study.birth_date == order.birth_date &&
                              !SexesContradict(study.sex, order.sex);
  const bool numbers_known =
      !study.facility_patient_id.empty() && !order.facility_patient_id.empty();
  if (numbers_known && study.facility_patient_id == order.facility_patient_id) {
    const bool names_differ = names_known && !same_name;
    if (!names_differ || same_otherwise) return true;
    if (study.facility_id != order.facility_id || birth_differs) return false;
    // A cart's counter may be anybody's number: another name in the same script needs the birth
    // date to be a typing error.
    return OfTwoScripts(study, order) || !(study.birth_date.empty() || order.birth_date.empty());
  }
  if (names_known) return same_otherwise || (same_name && !birth_differs);
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

  decision.links = Bound(links, candidates);
  const auto names_study = [&](const Candidate& candidate) {
    return candidate.names_study && !Holds(decision.links, candidate.order.order_id);
  };
  const auto has_accession = [&](const Candidate& candidate) {
    return !study.accession_number.empty() &&
           candidate.order.accession_number == study.accession_number;
  };
  const auto has_placer = [&](const Candidate& candidate) {
    return !study.accession_number.empty() &&
           candidate.order.placer_order_number == study.accession_number;
  };
  const Choice named = Choose(candidates, links, names_study);
  const Step by_uid = Weigh(study, named.real, LinkedBy::kStudyUid, true, true);
  if (!decision.links.empty()) {
    decision.state = MatchState::kMatched;
    decision.links.insert(decision.links.end(), by_uid.links.begin(), by_uid.links.end());
    return decision;
  }
  if (by_uid.verdict == Verdict::kLink) return {MatchState::kMatched, by_uid.links};
  const Step waiting = Weigh(study, named.provisional, LinkedBy::kStudyUid, true, true);
  if (by_uid.verdict == Verdict::kDoubt) return {MatchState::kDoubtful, waiting.links};
  // A number that leads to a HIS order is followed, or doubted, whether or not a provisional order
  // stands for the study meanwhile.
  const Choice numbered = Choose(candidates, links, has_accession);
  const Choice placed = Choose(candidates, links, has_placer);
  for (const Choice* choice : {&numbered, &placed}) {
    if (choice->real.empty()) continue;
    const Step step = WeighOne(study, *choice);
    if (step.verdict == Verdict::kLink) return {MatchState::kMatched, step.links};
    return {MatchState::kDoubtful, waiting.links};
  }
  for (const Step& step : {waiting, WeighOne(study, numbered), WeighOne(study, placed)}) {
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
    case LinkedBy::kBinding:
      return "binding";
  }
  return "unknown";
}

}  // namespace tongjian::imaging
