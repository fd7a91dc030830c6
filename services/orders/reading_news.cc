#include "services/orders/reading_news.h"

#include <algorithm>

#include "common/feed/follower.h"
#include "services/orders/desk_work.h"

namespace tongjian::orders {
namespace {

constexpr char kReading[] = "service:reading";
constexpr char kExchange[] = "service:exchange";

std::string ActorOr(const std::string& actor, const char* service) {
  return actor.empty() ? service : actor;
}

bool Holds(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

// The first of the actions that the order's state takes.
bool MoveByFirst(Order& order, std::initializer_list<Action> actions, Deed& deed) {
  for (const Action action : actions) {
    if (!MoveByNews(order, action)) continue;
    deed.action = Name(action);
    return true;
  }
  return false;
}

std::initializer_list<Action> ActionsOf(ReportFact::Standing standing) {
  static constexpr std::initializer_list<Action> kPreliminary = {Action::kPreliminary};
  static constexpr std::initializer_list<Action> kFinal = {Action::kSign};
  static constexpr std::initializer_list<Action> kAmended = {Action::kAmend, Action::kSign};
  static constexpr std::initializer_list<Action> kRetracted = {Action::kReopen};
  switch (standing) {
    case ReportFact::Standing::kFinal:
      return kFinal;
    case ReportFact::Standing::kAmended:
      return kAmended;
    case ReportFact::Standing::kRetracted:
      return kRetracted;
    default:
      return kPreliminary;
  }
}

}  // namespace

// Before anything is written: an event that is parked must leave no trace.
absl::Status ReadingNews::Known(store::Session& session,
                                const std::vector<std::string>& order_ids) const {
  for (const std::string& id : order_ids) {
    const absl::Status found = parts_.store.Find(session, security::Scope::Service(), id).status();
    if (absl::IsNotFound(found)) return feed::ReferenceUnknown("order " + id);
    TJ_TRY(found);
  }
  return absl::OkStatus();
}

absl::Status ReadingNews::Apply(store::Transaction& tx, const TaskFact& task) const {
  if (!task.action || task.order_id.empty()) return absl::OkStatus();
  TJ_TRY(Known(tx, {task.order_id}));
  TJ_ASSIGN_OR_RETURN(const bool news, parts_.store.IsNews(tx, "task", task.id, task.version));
  if (!news) return absl::OkStatus();
  return ApplyTo(tx, parts_, task.order_id, [&](Order& order, Deed& deed) -> absl::StatusOr<bool> {
    deed.actor = ActorOr(task.actor, kReading);
    deed.note = task.note;
    if (*task.action == Action::kEscalate) {
      if (!Allows(order.state, Action::kEscalate)) return false;
      deed.action = "escalated";
      TJ_TRY(Leave(order, Leaving::kEscalate, "", task.note, *parts_.facts(), parts_.load.Now(),
                   tx.Now()));
      return true;
    }
    if (!MoveByFirst(order, {*task.action}, deed)) return false;
    if (Waiting(order.state) && !task.note.empty()) order.note = task.note;
    if (!Waiting(order.state)) order.note.clear();
    return true;
  });
}

absl::Status ReadingNews::Apply(store::Transaction& tx, const ReportFact& report) const {
  TJ_TRY(Known(tx, report.order_ids));
  TJ_ASSIGN_OR_RETURN(const bool news,
                      parts_.store.IsNews(tx, "report", report.id, report.version));
  if (!news) return absl::OkStatus();
  for (const std::string& id : report.order_ids) {
    TJ_TRY(ApplyTo(tx, parts_, id, [&](Order& order, Deed& deed) -> absl::StatusOr<bool> {
      if (Terminal(order.state)) return false;
      deed.actor = ActorOr(report.actor, kReading);
      deed.action = "report";
      const bool attached = AttachReport(order, report.id);
      const bool moved = MoveByFirst(order, ActionsOf(report.standing), deed);
      if (moved && !Waiting(order.state)) order.note.clear();
      return attached || moved;
    }));
  }
  return absl::OkStatus();
}

absl::Status ReadingNews::Apply(store::Transaction& tx, const ResultFact& result) const {
  TJ_TRY(Known(tx, result.order_ids));
  TJ_ASSIGN_OR_RETURN(const bool news,
                      parts_.store.IsNews(tx, "result", result.id, result.version));
  if (!news) return absl::OkStatus();
  for (const std::string& id : result.order_ids) {
    TJ_TRY(ApplyTo(tx, parts_, id, [&](Order& order, Deed& deed) -> absl::StatusOr<bool> {
      deed = {"", kExchange, order.ordering_facility_id, ""};
      if (Holds(result.viewed_at, order.ordering_facility_id))
        return MoveByFirst(order, {Action::kView}, deed);
      if (Holds(result.delivered_to, order.ordering_facility_id))
        return MoveByFirst(order, {Action::kDeliver}, deed);
      return false;
    }));
  }
  return absl::OkStatus();
}

}  // namespace tongjian::orders
