#include "services/orders/routing.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace tongjian::orders {
namespace {

constexpr int kFallbacksMax = 8;

// A center that may read for the facility, and what gives it the right.
struct Candidate {
  const CenterFact* center;
  int relation;  // 0 own, 1 community, 2 agreement.
  std::string community_id;
  std::string why;
};

// What counts as an obstacle in this round.
struct Strictness {
  bool load;
  bool hours;
};

class Router {
 public:
  Router(const Order& order, const Facts& facts, const Load& load, absl::Time time,
         const std::set<std::string>& excluded)
      : order_(order), facts_(facts), load_(load), time_(time), excluded_(excluded) {}

  std::vector<Candidate> Candidates() const {
    std::vector<Candidate> candidates;
    const std::set<std::string> communities =
        facts_.Communities(order_.ordering_facility_id, time_);
    for (const auto& [id, center] : facts_.centers) {
      if (!center.active || center.discipline != order_.discipline || excluded_.count(id) > 0)
        continue;
      if (auto candidate = Relate(center, communities)) candidates.push_back(*std::move(candidate));
    }
    std::stable_sort(
        candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
          return std::pair(a.relation, Share(*a.center)) < std::pair(b.relation, Share(*b.center));
        });
    return candidates;
  }

  // The first usable center from `candidate` along its fallbacks, with the reason in words.
  std::optional<std::pair<const CenterFact*, std::string>> Follow(const Candidate& candidate,
                                                                  Strictness strictness) const {
    std::string reason = candidate.why;
    const CenterFact* center = candidate.center;
    std::set<std::string> seen;
    for (int i = 0; i < kFallbacksMax && seen.insert(center->id).second; ++i) {
      const std::string obstacle = Obstacle(*center, strictness);
      if (obstacle.empty()) return std::pair(center, reason);
      const CenterFact* next = facts_.Center(center->fallback_center_id);
      if (next == nullptr || next->discipline != order_.discipline || excluded_.count(next->id) > 0)
        break;
      reason += "; " + center->id + " " + obstacle + ", its fallback is " + next->id;
      center = next;
    }
    return {};
  }

  // Why a center cannot take the order now, or nothing.
  std::string Obstacle(const CenterFact& center, Strictness strictness) const {
    if (!center.active) return "takes no orders";
    for (const Item& item : order_.items) {
      if (!CanDo(center, item)) return "does not do item " + item.id;
    }
    if (strictness.hours && !OpenAt(center, time_, facts_.zone)) {
      return "is closed at " + absl::FormatTime("%H:%M", time_, facts_.zone);
    }
    if (strictness.load && !GoesFirst(order_) && center.load_limit > 0 &&
        LoadOf(center) >= center.load_limit) {
      return "has " + std::to_string(LoadOf(center)) + " open orders of at most " +
             std::to_string(center.load_limit);
    }
    return "";
  }

 private:
  std::optional<Candidate> Relate(const CenterFact& center,
                                  const std::set<std::string>& communities) const {
    if (center.host_facility_id == order_.ordering_facility_id)
      return Candidate{&center, 0, "", "own center"};
    for (const std::string& id : center.community_ids) {
      if (communities.count(id) > 0) return Candidate{&center, 1, id, "serves community " + id};
    }
    const std::string day = DayOf(time_, facts_.zone);
    for (const std::string& id : facts_.Ancestry(order_.ordering_facility_id)) {
      for (const AgreementFact& agreement : facts_.agreements) {
        if (agreement.requesting_facility_id != id ||
            agreement.reading_facility_id != center.host_facility_id ||
            agreement.discipline != order_.discipline || agreement.from > day ||
            (!agreement.to.empty() && agreement.to < day)) {
          continue;
        }
        return Candidate{&center, 2, "", "agreement with " + center.host_facility_id};
      }
    }
    return {};
  }

  // A center that lists what it does must list the item; what has no code yet (provisional) is no
  // obstacle.
  static bool CanDo(const CenterFact& center, const Item& item) {
    const auto& codes = center.recognition_codes;
    return codes.empty() || item.recognition_code.empty() ||
           std::find(codes.begin(), codes.end(), item.recognition_code) != codes.end();
  }

  int64_t LoadOf(const CenterFact& center) const {
    const auto found = load_.find(center.id);
    return found == load_.end() ? 0 : found->second;
  }

  // How full it is, so that of two equal centers the emptier comes first.
  double Share(const CenterFact& center) const {
    return center.load_limit > 0 ? static_cast<double>(LoadOf(center)) / center.load_limit : 0;
  }

  const Order& order_;
  const Facts& facts_;
  const Load& load_;
  const absl::Time time_;
  const std::set<std::string>& excluded_;
};

// The item's rule, else the discipline's, else that the hub reads with one signer.
PolicyFact PolicyOf(const Facts& facts, const Order& order, const Item& item) {
  PolicyFact found;
  for (const PolicyFact& policy : facts.policies) {
    if (policy.facility_id != order.ordering_facility_id) continue;
    if (!policy.item_id.empty() && policy.item_id == item.item_id) return policy;
    if (policy.item_id.empty() && policy.discipline == order.discipline) found = policy;
  }
  return found;
}

void ApplyPolicies(const Facts& facts, const Order& order, Routing& routing) {
  routing.reading_mode = ReadingMode::kClinicSigns;
  routing.signers = 1;
  for (const Item& item : order.items) {
    const PolicyFact policy = PolicyOf(facts, order, item);
    routing.reading_mode = std::min(routing.reading_mode, policy.mode);
    routing.signers = std::max(routing.signers, policy.signers);
  }
}

Routing To(const Order& order, const Facts& facts, const CenterFact& center, std::string reason) {
  Routing routing;
  routing.center_id = center.id;
  routing.performing_facility_id = center.host_facility_id;
  routing.reason = std::move(reason);
  routing.earlier_center_ids = order.routing.earlier_center_ids;
  ApplyPolicies(facts, order, routing);
  return routing;
}

Routing Nowhere(const Order& order, const Facts& facts, const std::vector<Candidate>& candidates,
                const Router& router, absl::Time time) {
  Routing routing;
  routing.reason = "no center of the discipline serves " + order.ordering_facility_id;
  for (const Candidate& candidate : candidates) {
    routing.reason =
        candidate.center->id + " " + router.Obstacle(*candidate.center, {false, false});
  }
  routing.desk_facility_id = facts.Lead(order.ordering_facility_id, time);
  routing.earlier_center_ids = order.routing.earlier_center_ids;
  ApplyPolicies(facts, order, routing);
  return routing;
}

absl::Time LocalMinute(absl::CivilDay day, int minute, absl::TimeZone zone) {
  return absl::FromCivil(absl::CivilMinute(day) + minute, zone);
}

int WeekdayOf(absl::CivilDay day) {
  return static_cast<int>(absl::GetWeekday(day)) + 1;
}  // absl: Monday is 0.

}  // namespace

bool OpenAt(const CenterFact& center, absl::Time time, absl::TimeZone zone) {
  if (center.hours.empty()) return true;
  const absl::CivilDay day = absl::ToCivilDay(time, zone);
  return std::any_of(center.hours.begin(), center.hours.end(), [&](const OpeningHours& hours) {
    return hours.weekday == WeekdayOf(day) && LocalMinute(day, hours.open_minute, zone) <= time &&
           time < LocalMinute(day, hours.close_minute, zone);
  });
}

absl::Time NextOpening(const CenterFact& center, absl::Time time, absl::TimeZone zone) {
  if (OpenAt(center, time, zone)) return time;
  absl::Time next = absl::InfiniteFuture();
  const absl::CivilDay today = absl::ToCivilDay(time, zone);
  for (int ahead = 0; ahead <= 7; ++ahead) {
    for (const OpeningHours& hours : center.hours) {
      if (hours.weekday != WeekdayOf(today + ahead) || hours.open_minute >= hours.close_minute)
        continue;
      const absl::Time opening = LocalMinute(today + ahead, hours.open_minute, zone);
      if (opening > time) next = std::min(next, opening);
    }
  }
  return next;
}

Routing Route(const Order& order, const Facts& facts, const Load& load, absl::Time time,
              const std::set<std::string>& excluded) {
  const Router router(order, facts, load, time, excluded);
  const std::vector<Candidate> candidates = router.Candidates();
  for (const Strictness strictness :
       {Strictness{true, true}, Strictness{false, true}, Strictness{false, false}}) {
    for (const Candidate& candidate : candidates) {
      auto found = router.Follow(candidate, strictness);
      if (!found) continue;
      std::string reason = std::move(found->second);
      const std::string obstacle = router.Obstacle(*found->first, {true, true});
      if (!obstacle.empty())
        reason += "; " + found->first->id + " " + obstacle + ", no other is free: it waits there";
      Routing routing = To(order, facts, *found->first, std::move(reason));
      routing.community_id = candidate.community_id;
      return routing;
    }
  }
  return Nowhere(order, facts, candidates, router, time);
}

absl::StatusOr<Routing> RouteTo(const Order& order, const Facts& facts,
                                const std::string& center_id, std::string reason) {
  const CenterFact* center = facts.Center(center_id);
  if (center == nullptr) return base::NotFound("center " + center_id);
  if (!center->active)
    return base::InvalidField("center_id", "center " + center_id + " takes no orders");
  if (center->discipline != order.discipline) {
    return base::InvalidField("center_id", "center " + center_id + " is of another discipline");
  }
  return To(order, facts, *center, std::move(reason));
}

}  // namespace tongjian::orders
