#include "services/imaging/matcher.h"

#include <algorithm>
#include <set>

#include "common/base/status.h"
#include "services/imaging/link_store.h"
#include "services/imaging/matching.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

absl::Status Record(store::Transaction& tx, const Study& study, const Link& link) {
  const HistoryEntry entry = {.action = link.active ? "linked" : "unlinked",
                              .order_id = link.order_id,
                              .by = std::string(Name(link.by)),
                              .actor = link.actor,
                              .reason = link.reason};
  return AddHistory(tx, study.id, entry);
}

absl::Status Put(store::Transaction& tx, const Study& study, const Link& link) {
  TJ_TRY(PutLink(tx, study.id, link));
  return Record(tx, study, link);
}

bool Holds(const std::vector<NewLink>& links, std::string_view order_id) {
  return std::any_of(links.begin(), links.end(),
                     [&](const NewLink& link) { return link.order_id == order_id; });
}

// Where it was recorded, and the facilities of its orders.
absl::StatusOr<std::set<std::string>> Concerned(store::Transaction& tx, const Study& study) {
  std::set<std::string> facilities = {study.facility_id};
  for (const std::string& order_id : study.order_ids) {
    TJ_ASSIGN_OR_RETURN(const auto order, FindOrder(tx, order_id));
    if (!order) continue;
    facilities.insert(
        {order->ordering_facility_id, order->recording_facility_id, order->performing_facility_id});
  }
  facilities.erase("");
  return facilities;
}

bool Waits(const Study& study) {
  return study.match == MatchState::kUnmatched || study.match == MatchState::kDoubtful;
}

}  // namespace

absl::Status RenewAudience(store::Transaction& tx, const Study& study) {
  TJ_ASSIGN_OR_RETURN(const std::set<std::string> facilities, Concerned(tx, study));
  return SetAudience(tx, study, {facilities.begin(), facilities.end()});
}

absl::Status Matcher::RenewAudience(store::Transaction& tx, const Study& study) const {
  TJ_ASSIGN_OR_RETURN(std::set<std::string> facilities, Concerned(tx, study));
  if (Waits(study)) {
    for (std::string& reader : places_.ReadersOf(study, tx.Now()))
      facilities.insert(std::move(reader));
  }
  return SetAudience(tx, study, {facilities.begin(), facilities.end()});
}

absl::StatusOr<bool> Matcher::KnowsTheExam(store::Transaction& tx, const security::Scope& scope,
                                           const Study& study) const {
  if (scope.all()) return true;
  std::set<std::string> knowing;
  for (const std::string& order_id : study.order_ids) {
    TJ_ASSIGN_OR_RETURN(const auto order, FindOrder(tx, order_id));
    if (order) knowing.insert({order->recording_facility_id, order->performing_facility_id});
  }
  for (std::string& reader : places_.ReadersOf(study, tx.Now())) knowing.insert(std::move(reader));
  return std::any_of(
      scope.facilities().begin(), scope.facilities().end(), [&](const std::string& facility) {
        return knowing.contains(facility) || places_.SameFamily(study.facility_id, facility);
      });
}

// Takes over what the links say now.
absl::Status Matcher::Renew(store::Transaction& tx, Study& study, MatchState state) const {
  study.match = state;
  study.order_ids.clear();
  TJ_ASSIGN_OR_RETURN(const std::vector<Link> links, LinksOf(tx, study.id));
  for (const Link& link : links) {
    if (!link.active) continue;
    study.order_ids.push_back(link.order_id);
    TJ_ASSIGN_OR_RETURN(const auto order, FindOrder(tx, link.order_id));
    if (order) study.priority = std::max(study.priority, order->priority);
  }
  return RenewAudience(tx, study);
}

absl::StatusOr<bool> Matcher::Match(store::Transaction& tx, Study& study) const {
  TJ_ASSIGN_OR_RETURN(std::vector<Candidate> candidates, CandidatesOf(tx, study));
  for (Candidate& candidate : candidates) {
    const OrderRef& order = candidate.order;
    candidate.same_family = places_.SameFamily(study.facility_id, order.ordering_facility_id) ||
                            places_.SameFamily(study.facility_id, order.recording_facility_id);
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<Link> links, LinksOf(tx, study.id));
  const MatchDecision decision = Decide(study, links, candidates);

  bool changed = decision.state != study.match;
  for (Link link : links) {
    if (!link.active || Holds(decision.links, link.order_id)) continue;
    link.active = false;
    link.actor.clear();
    link.reason.clear();
    TJ_TRY(Put(tx, study, link));
    changed = true;
  }
  for (const NewLink& link : decision.links) {
    const bool there = std::any_of(links.begin(), links.end(), [&](const Link& old) {
      return old.active && old.order_id == link.order_id;
    });
    if (there) continue;
    TJ_TRY(Put(tx, study, {.order_id = link.order_id, .active = true, .by = link.by}));
    changed = true;
  }
  if (changed) {
    TJ_TRY(Renew(tx, study, decision.state));
  } else if (Waits(study)) {
    TJ_TRY(RenewAudience(tx, study));
  }
  return changed;
}

absl::StatusOr<bool> Matcher::FollowOrder(store::Transaction& tx, Study& study,
                                          std::string_view order_id) const {
  TJ_ASSIGN_OR_RETURN(const auto order, FindOrder(tx, order_id));
  TJ_ASSIGN_OR_RETURN(const std::vector<Link> links, LinksOf(tx, study.id));
  bool changed = false;
  for (Link link : links) {
    if (!order || order->live || link.order_id != order_id || !link.active ||
        link.by != LinkedBy::kPerson)
      continue;
    const Link moved = {.order_id = order->bound_order_id,
                        .active = true,
                        .by = link.by,
                        .actor = link.actor,
                        .reason = link.reason};
    link.active = false;
    link.by = LinkedBy::kStudyUid;  // The order ended; no person took it away.
    TJ_TRY(PutLink(tx, study.id, link));
    TJ_TRY(AddHistory(tx, study.id,
                      {.action = "unlinked", .order_id = link.order_id, .by = "order_cancelled"}));
    if (!moved.order_id.empty()) TJ_TRY(Put(tx, study, moved));
    changed = true;
  }
  TJ_ASSIGN_OR_RETURN(const bool matched, Match(tx, study));
  if (changed && !matched) TJ_TRY(Renew(tx, study, study.match));
  return changed || matched;
}

absl::Status Matcher::LinkByHand(store::Transaction& tx, const security::Scope& scope, Study& study,
                                 std::string_view order_id, bool keep_others,
                                 const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(const auto order, FindOrder(tx, order_id));
  if (!order) return base::NotFound("order");
  // A center decides about orders of the clinics it reads for before they are routed to it; nobody
  // shows a study to strangers.
  const bool known = scope.all() ||
                     scope.ContainsAny({order->ordering_facility_id, order->recording_facility_id,
                                        order->performing_facility_id}) ||
                     places_.SameFamily(study.facility_id, order->ordering_facility_id) ||
                     places_.SameFamily(study.facility_id, order->recording_facility_id);
  if (!known) return base::NotFound("order");
  if (!order->live)
    return base::Conflict("STATE_NOT_ALLOWED", "the order is cancelled: link another");
  TJ_ASSIGN_OR_RETURN(const std::vector<Link> links, LinksOf(tx, study.id));
  for (Link link : links) {
    if (!link.active || link.order_id == order_id) continue;
    // What a person keeps is the person's link from now on, or the rules would take it away again.
    link.active = keep_others;
    link.by = LinkedBy::kPerson;
    link.actor = hand.actor;
    link.reason = hand.reason;
    TJ_TRY(keep_others ? PutLink(tx, study.id, link) : Put(tx, study, link));
  }
  TJ_TRY(Put(tx, study,
             {.order_id = std::string(order_id),
              .active = true,
              .by = LinkedBy::kPerson,
              .actor = hand.actor,
              .reason = hand.reason}));
  return Renew(tx, study, MatchState::kLinked);
}

absl::Status Matcher::UnlinkByHand(store::Transaction& tx, Study& study, std::string_view order_id,
                                   const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(const std::vector<Link> links, LinksOf(tx, study.id));
  int taken = 0, left = 0;
  for (Link link : links) {
    if (!link.active) continue;
    if (!order_id.empty() && link.order_id != order_id) {
      ++left;
      continue;
    }
    link.active = false;
    link.by = LinkedBy::kPerson;
    link.actor = hand.actor;
    link.reason = hand.reason;
    TJ_TRY(Put(tx, study, link));
    ++taken;
  }
  if (taken == 0) return base::NotFound("link of this study to an order");
  return Renew(tx, study, left > 0 ? study.match : MatchState::kUnmatched);
}

}  // namespace tongjian::imaging
