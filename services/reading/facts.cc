#include "services/reading/facts.h"

#include <algorithm>
#include <set>

#include "common/base/check.h"

namespace tongjian::reading {
namespace {

constexpr int kSignersMax = 2;

void MustMove(Task& task, TaskAction action) {
  const absl::Status moved = Move(task, action);
  TJ_CHECK(moved.ok());
}

void CopyOrder(Task& task, const OrderFact& order, const PatientFact& patient) {
  task.order_id = order.id;
  task.accession_number = order.accession_number;
  task.requesting_facility_id = order.requesting_facility_id;
  task.center_id = order.center_id;
  task.performing_facility_id = order.performing_facility_id;
  task.discipline = order.discipline;
  task.item_names = order.item_names;
  task.clinical_information = order.clinical_information;
  task.deadline = order.deadline;
  task.provisional = order.provisional;
  task.patient = order.patient;
  if (!patient.patient_id.empty()) task.patient.patient_id = patient.patient_id;
  task.identity_confirmed = !order.provisional || patient.verified;
  if (order.priority != task.order_priority) {
    task.priority = std::max(order.priority, Priority::kRoutine);
    task.order_priority = order.priority;
  }
  task.reading_mode = task.escalated ? ReadingMode::kHubReads : order.reading_mode;
  if (task.reading_mode == ReadingMode::kNone) task.reading_mode = ReadingMode::kHubReads;
  task.signers = std::clamp(order.signers, task.reading_mode == ReadingMode::kClinicDrafts ? 2 : 1, kSignersMax);
}

void CopyStudies(Task& task, const OrderFact& order, const std::vector<StudyFact>& studies) {
  task.study_ids.clear();
  task.instance_count = 0;
  task.exam_note.clear();
  std::set<std::string> modalities;
  for (const StudyFact& study : studies) {
    task.study_ids.push_back(study.id);
    task.instance_count += study.instances;
    if (!study.exam_note.empty()) task.exam_note += (task.exam_note.empty() ? "" : "; ") + study.exam_note;
    modalities.insert(study.modalities.begin(), study.modalities.end());
  }
  if (modalities.empty()) modalities.insert(order.modalities.begin(), order.modalities.end());
  task.modalities.assign(modalities.begin(), modalities.end());
}

// What was signed or published over other evidence no longer counts (evidence.h voids it): from WAITING the task goes on as if
// its studies had just come.
void Unsettle(Task& task, const Task& before) {
  const bool lost = !HasAll(task, before.study_ids);
  const bool signed_over_others = task.state == TaskState::kAwaitingApproval && task.study_ids != before.study_ids;
  if (!signed_over_others && !(task.state == TaskState::kPreliminary && lost)) return;
  MustMove(task, TaskAction::kWait);
  DropClaim(task);
  task.note = lost ? "the study was moved away" : "a study came after its author had signed";
}

bool Ready(const Task& task, const std::vector<StudyFact>& studies) {
  if (studies.empty()) return false;
  return task.priority >= Priority::kUrgent ||
         std::all_of(studies.begin(), studies.end(), [](const StudyFact& study) { return study.complete; });
}

void Interrupt(Task& task, const OrderFact& order) {
  if (task.state == TaskState::kReturned) {
    task.return_seen = true;
  } else if (Allows(task.state, TaskAction::kReturn)) {
    MustMove(task, TaskAction::kReturn);
    DropClaim(task);
    task.return_kind = order.return_kind;
    task.return_seen = true;
    task.note = order.note;
  }
}

// The order can be read (again) and has a center.
void GoOn(Task& task, const Task& before, const std::vector<StudyFact>& studies) {
  const bool moved = before.state != TaskState::kNone && before.center_id != task.center_id;
  if (task.state == TaskState::kReturned && (task.return_seen || moved)) {
    MustMove(task, Ready(task, studies) ? TaskAction::kResume : TaskAction::kWait);
    task.note.clear();
  }
  const bool held = task.state == TaskState::kClaimed || (task.state == TaskState::kPreliminary && !task.claimed_by.empty());
  if (moved && held) TJ_CHECK(GiveBack(task).ok());
  if (task.state == TaskState::kWaiting && Ready(task, studies)) MustMove(task, TaskAction::kReady);
  if (studies.empty() && Allows(task.state, TaskAction::kWait)) {
    MustMove(task, TaskAction::kWait);
    DropClaim(task);
    task.note = "the study was moved away";
  }
}

}  // namespace

bool WantsTask(const OrderFact& order, const std::vector<StudyFact>& studies) {
  return !studies.empty() && order.standing != OrderStanding::kEnded && order.standing != OrderStanding::kUnsubmitted;
}

void Follow(Task& task, const OrderFact& order, const std::vector<StudyFact>& studies, const PatientFact& patient) {
  if (task.state == TaskState::kCancelled) return;
  const Task before = task;
  if (task.state == TaskState::kNone) task.state = TaskState::kWaiting;
  CopyOrder(task, order, patient);
  CopyStudies(task, order, studies);
  Unsettle(task, before);
  switch (order.standing) {
    case OrderStanding::kEnded:
      if (!Allows(task.state, TaskAction::kCancel)) break;
      MustMove(task, TaskAction::kCancel);
      DropClaim(task);
      task.note = order.note;
      break;
    case OrderStanding::kInterrupted:
      Interrupt(task, order);
      break;
    case OrderStanding::kOpen:
    case OrderStanding::kUnsubmitted:
      GoOn(task, before, studies);
      break;
  }
  LookAgain(task, {.study_ids = before.study_ids, .instances = task.instances_read});
}

}  // namespace tongjian::reading
