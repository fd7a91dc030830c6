#include "services/reading/evidence.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/feed/follower.h"
#include "services/reading/canonical.h"
#include "services/reading/codec.h"
#include "services/reading/fact_store.h"
#include "services/reading/journal.h"
#include "services/reading/report_store.h"
#include "services/reading/task_store.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::reading {
namespace {

constexpr int64_t kPage = 200;

// The orders a study answers, in the place of a provisional one the HIS order that took it over.
absl::StatusOr<std::set<std::string>> OwnersOf(store::Session& session, const imaging::v1::Study& study) {
  std::set<std::string> owners;
  for (const std::string& id : study.order_ids()) {
    TJ_ASSIGN_OR_RETURN(const std::optional<OrderFact> order, FindOrderFact(session, id));
    if (!order) return feed::ReferenceUnknown("order " + id);
    const bool taken_over = order->provisional && !order->bound_order_id.empty();
    if (!taken_over) {
      owners.insert(id);
      continue;
    }
    TJ_ASSIGN_OR_RETURN(const std::optional<OrderFact> bound, FindOrderFact(session, order->bound_order_id));
    if (!bound) return feed::ReferenceUnknown("order " + order->bound_order_id);
    owners.insert(bound->id);
  }
  return owners;
}

absl::Status MoveStudies(store::Transaction& tx, const std::string& from, const std::string& to) {
  TJ_ASSIGN_OR_RETURN(const std::vector<StudyFact> studies, StudiesOfOrder(tx, from));
  for (const StudyFact& study : studies) {
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> ids, OrdersOfStudy(tx, study.id));
    std::set<std::string> owners(ids.begin(), ids.end());
    owners.erase(from);
    owners.insert(to);
    TJ_TRY(SetOrdersOfStudy(tx, study.id, {owners.begin(), owners.end()}));
  }
  return absl::OkStatus();
}

absl::Status MoveReports(store::Transaction& tx, const Task& task, const std::string& from) {
  TJ_ASSIGN_OR_RETURN(const std::vector<Report> reports, ReportsOfTask(tx, security::Scope::Service(), task.id));
  for (Report report : reports) {
    std::replace(report.order_ids.begin(), report.order_ids.end(), from, task.order_id);
    report.accession_number = task.accession_number;
    TJ_TRY(report.versions.empty() ? KeepDraft(tx, report) : Announce(tx, report));
  }
  return absl::OkStatus();
}

// What followed for a report when its order ended, or has other studies now.
struct Fallen {
  bool voided = false;     // The author's signature, which waited for approval.
  bool retracted = false;  // A preliminary report: nobody will confirm or correct it. A final one stands.
};

absl::StatusOr<Fallen> Fall(Report& report, const Task& task, bool ended) {
  Fallen fallen;
  if (report.state == ReportState::kRetracted) return fallen;
  if (report.pending) {
    TJ_ASSIGN_OR_RETURN(const DayFacts day, ParseDay(report.pending->canonical));
    fallen.voided = ended || day.study_ids != task.study_ids;
    if (fallen.voided) TJ_TRY(Reject(report));
  }
  if (report.versions.empty() || IsFinal(report)) return fallen;
  TJ_ASSIGN_OR_RETURN(const DayFacts day, ParseDay(report.versions.back().canonical));
  fallen.retracted = ended || !HasAll(task, day.study_ids);
  if (!fallen.retracted) return fallen;
  TJ_TRY(Retract(report, ended ? "preliminary only: the order ended before anybody signed a final report"
                               : "preliminary only: images it was written over were moved away from the order"));
  return fallen;
}

// The task's news, with what follows for its reports.
absl::Status AnnounceFollowed(store::Transaction& tx, const Task& before, Task& task) {
  const bool ended = task.state == TaskState::kCancelled && before.state != TaskState::kCancelled;
  std::vector<Report> quiet;
  std::vector<Report> retracted;
  if (ended || task.study_ids != before.study_ids) {
    TJ_ASSIGN_OR_RETURN(const std::vector<Report> reports, ReportsOfTask(tx, security::Scope::Service(), task.id));
    for (Report report : reports) {
      TJ_ASSIGN_OR_RETURN(const Fallen fallen, Fall(report, task, ended));
      if (fallen.voided && task.note == before.note) task.note = "the studies have changed since its author signed";
      if (fallen.retracted && !ended && task.report_id == report.id) task.report_id.clear();  // The next reader begins anew.
      if (fallen.retracted || fallen.voided) (fallen.retracted ? retracted : quiet).push_back(std::move(report));
    }
  }
  TJ_TRY(Announce(tx, before, task));
  for (Report& report : quiet) TJ_TRY(KeepDraft(tx, report));
  for (Report& report : retracted) TJ_TRY(Announce(tx, report));
  return absl::OkStatus();
}

}  // namespace

absl::Status Evidence::Refresh(store::Transaction& tx, const std::string& order_id) const {
  TJ_ASSIGN_OR_RETURN(const std::optional<OrderFact> order, FindOrderFact(tx, order_id));
  if (!order) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const std::vector<StudyFact> studies, StudiesOfOrder(tx, order_id));
  TJ_ASSIGN_OR_RETURN(const PatientFact patient, FindPatientFact(tx, *order));
  TJ_ASSIGN_OR_RETURN(std::optional<Task> task, TaskOfOrder(tx, security::Scope::Service(), order_id));
  if (!task) {
    if (!WantsTask(*order, studies)) return absl::OkStatus();
    task = Task();
    task->id = ids_.New();
    task->create_time = tx.Now();
  }
  const Task before = *task;
  Follow(*task, *order, studies, patient);
  return *task == before ? absl::OkStatus() : AnnounceFollowed(tx, before, *task);
}

absl::Status Evidence::Rebind(store::Transaction& tx, const std::string& provisional_id, const OrderFact& order) const {
  TJ_ASSIGN_OR_RETURN(std::optional<Task> task, TaskOfOrder(tx, security::Scope::Service(), provisional_id));
  TJ_TRY(MoveStudies(tx, provisional_id, order.id));
  if (!task || task->state == TaskState::kCancelled) return absl::OkStatus();
  const Task before = *task;
  TJ_ASSIGN_OR_RETURN(const std::optional<Task> other, TaskOfOrder(tx, security::Scope::Service(), order.id));
  if (other && other->state != TaskState::kCancelled) {
    if (!Allows(task->state, TaskAction::kCancel)) return absl::OkStatus();
    TJ_TRY(Move(*task, TaskAction::kCancel));
    DropClaim(*task);
    task->note = "bound to an order that has a task";
    return AnnounceFollowed(tx, before, *task);
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<StudyFact> studies, StudiesOfOrder(tx, order.id));
  TJ_ASSIGN_OR_RETURN(const PatientFact patient, FindPatientFact(tx, order));
  Follow(*task, order, studies, patient);
  TJ_TRY(AnnounceFollowed(tx, before, *task));
  return MoveReports(tx, *task, provisional_id);
}

absl::Status Evidence::OrderNews(store::Transaction& tx, const orders::v1::Order& order) const {
  TJ_ASSIGN_OR_RETURN(const bool news, PutOrderFact(tx, order));
  if (!news) return absl::OkStatus();
  const OrderFact fact = FactOf(order);
  if (!fact.bound_order_id.empty() && fact.provisional) {
    // It ends, and its task must not: it moves as soon as the order that took it over is known.
    TJ_ASSIGN_OR_RETURN(const std::optional<OrderFact> bound, FindOrderFact(tx, fact.bound_order_id));
    return bound ? Rebind(tx, fact.id, *bound) : absl::OkStatus();
  }
  if (!fact.bound_order_id.empty()) TJ_TRY(Rebind(tx, fact.bound_order_id, fact));
  return Refresh(tx, fact.id);
}

absl::Status Evidence::StudyNews(store::Transaction& tx, const imaging::v1::Study& study) const {
  TJ_ASSIGN_OR_RETURN(const std::set<std::string> owners, OwnersOf(tx, study));
  TJ_ASSIGN_OR_RETURN(const bool news, PutStudyFact(tx, FactOf(study)));
  if (!news) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const std::vector<std::string> before, OrdersOfStudy(tx, study.id()));
  for (const std::string& id : before) {
    if (owners.contains(id) || owners.size() != 1) continue;
    // Imaging may tell of the new order before orders tells of the binding: the same task moves all the same.
    TJ_ASSIGN_OR_RETURN(const std::optional<OrderFact> old_order, FindOrderFact(tx, id));
    TJ_ASSIGN_OR_RETURN(const std::optional<OrderFact> new_order, FindOrderFact(tx, *owners.begin()));
    if (old_order && old_order->provisional && new_order && !new_order->provisional) TJ_TRY(Rebind(tx, id, *new_order));
  }
  TJ_TRY(SetOrdersOfStudy(tx, study.id(), {owners.begin(), owners.end()}));
  std::set<std::string> touched = owners;
  touched.insert(before.begin(), before.end());
  for (const std::string& id : touched) TJ_TRY(Refresh(tx, id));
  return absl::OkStatus();
}

absl::Status Evidence::PatientNews(store::Transaction& tx, const std::string& order_id, const PatientFact& fact) const {
  TJ_TRY(PutOrderPatient(tx, order_id, fact));
  TJ_TRY(Refresh(tx, order_id));
  TJ_ASSIGN_OR_RETURN(const std::optional<Task> task, TaskOfOrder(tx, security::Scope::Service(), order_id));
  const bool numbered = task && !task->patient.facility_patient_id.empty();
  return task && !numbered ? LinkReportsOf(tx, task->id, fact.patient_id) : absl::OkStatus();
}

absl::Status Evidence::PatientNews(store::Transaction& tx, const Patient& words, const PatientFact& fact) const {
  TJ_TRY(PutPatientFact(tx, words, fact));
  TJ_TRY(LinkReports(tx, words, fact.patient_id));
  std::string after;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::vector<Task> tasks, TasksWithWords(tx, security::Scope::Service(), words, after, kPage));
    for (const Task& before : tasks) {
      Task task = before;
      task.patient.patient_id = fact.patient_id;
      task.identity_confirmed = !task.provisional || fact.verified;
      if (!(task == before)) TJ_TRY(Announce(tx, before, task));
      after = task.id;
    }
    if (static_cast<int64_t>(tasks.size()) < kPage) return absl::OkStatus();
  }
}

}  // namespace tongjian::reading
