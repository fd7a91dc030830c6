#include "services/orders/step_news.h"

#include <algorithm>

#include "services/orders/same_patient.h"
#include "services/orders/state.h"

namespace tongjian::orders {
namespace {

constexpr char kActor[] = "service:imaging";

const char* ActionOf(Exam exam) {
  switch (exam) {
    case Exam::kStarted:
      return "exam started";
    case Exam::kCompleted:
      return "exam completed";
    case Exam::kDiscontinued:
      return "exam discontinued";
    default:
      return "";
  }
}

bool IsFor(const Item& item, const std::string& study_uid) {
  const auto& there = item.study_instance_uids;
  return item.study_instance_uid == study_uid ||
         std::find(there.begin(), there.end(), study_uid) != there.end();
}

// The items of the request: those of its study, of these the one it names if there is such a one;
// for a study the order did not give out, the item it names.
std::vector<Item*> ItemsOf(Order& order, const StepFact::Request& request) {
  std::vector<Item*> of_study, named;
  for (Item& item : order.items) {
    const bool fits = IsFor(item, request.study_instance_uid);
    if (fits) of_study.push_back(&item);
    if (item.id == request.item_id) named.push_back(&item);
  }
  if (of_study.empty()) return named;
  std::vector<Item*> both;
  for (Item* item : of_study) {
    if (std::find(named.begin(), named.end(), item) != named.end()) both.push_back(item);
  }
  return both.empty() ? of_study : both;
}

bool Note(const StepFact& step, const StepFact::Request& request, Order& order) {
  bool changed = false;
  for (Item* item : ItemsOf(order, request)) {
    changed |= item->exam != step.exam;
    item->exam = step.exam;
  }
  return changed;
}

}  // namespace

// Orders that gave the study out or have it; else those with its accession number.
absl::StatusOr<std::vector<Order>> StepNews::Asked(store::Transaction& tx, const StepFact& step,
                                                   const StepFact::Request& request) const {
  const security::Scope scope = security::Scope::Service();
  TJ_ASSIGN_OR_RETURN(
      std::vector<Order> orders,
      parts_.store.NamingStudy(tx, scope, step.facility_id, request.study_instance_uid));
  if (orders.empty() && !request.accession_number.empty()) {
    TJ_ASSIGN_OR_RETURN(orders, parts_.store.WithAccession(tx, scope, step.facility_id,
                                                           request.accession_number));
  }
  std::erase_if(orders, [&](const Order& order) {
    return order.state == State::kDraft || Terminal(order.state) ||
           Compare(order.patient, step.patient) == Likeness::kOther;
  });
  return orders;
}

absl::Status StepNews::Apply(store::Transaction& tx, const StepFact& step) const {
  const std::string key = step.facility_id + "/" + step.uid;
  TJ_ASSIGN_OR_RETURN(const bool news, parts_.store.IsNews(tx, "step", key, step.version));
  if (!news) return absl::OkStatus();
  for (const StepFact::Request& request : step.requests) {
    TJ_ASSIGN_OR_RETURN(const std::vector<Order> orders, Asked(tx, step, request));
    for (const Order& order : orders) {
      TJ_TRY(ApplyTo(tx, parts_, order.id, [&](Order& after, Deed& deed) -> absl::StatusOr<bool> {
        deed = {ActionOf(step.exam), kActor, step.facility_id, step.reason};
        return Note(step, request, after);
      }));
    }
  }
  return absl::OkStatus();
}

}  // namespace tongjian::orders
