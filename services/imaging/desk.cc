#include "services/imaging/desk.h"

#include "common/base/status.h"
#include "services/imaging/completeness.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/study_changes.h"
#include "services/imaging/study_store.h"

namespace tongjian::imaging {
namespace {

// What a person writes down may be ahead of our receipt by as much as two good clocks differ.
constexpr absl::Duration kClockSkewMax = absl::Minutes(5);

absl::Status Record(store::Transaction& tx, const Study& study, std::string_view action,
                    std::string_view by, const Hand& hand) {
  return AddHistory(tx, study.id,
                    {.action = std::string(action),
                     .by = std::string(by),
                     .actor = hand.actor,
                     .reason = hand.reason});
}

}  // namespace

absl::StatusOr<Study> Desk::Link(store::Transaction& tx, const security::Scope& scope,
                                 std::string_view study_id, std::string_view order_id,
                                 bool keep_others, const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, scope, study_id));
  TJ_TRY(matcher_.LinkByHand(tx, scope, study, order_id, keep_others, hand));
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  return study;
}

absl::StatusOr<Study> Desk::Unlink(store::Transaction& tx, const security::Scope& scope,
                                   std::string_view study_id, std::string_view order_id,
                                   const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, scope, study_id));
  TJ_TRY(matcher_.UnlinkByHand(tx, study, order_id, hand));
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  return study;
}

absl::StatusOr<Study> Desk::Complete(store::Transaction& tx, const security::Scope& scope,
                                     std::string_view study_id, const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, scope, study_id));
  const Transition transition = Completed(study);
  if (!transition) return study;
  TJ_TRY(Record(tx, study, *transition, "person", hand));
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  return study;
}

absl::StatusOr<Study> Desk::ConfirmTime(store::Transaction& tx, const security::Scope& scope,
                                        std::string_view study_id, absl::Time performed,
                                        const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, scope, study_id));
  TJ_ASSIGN_OR_RETURN(const bool knows, matcher_.KnowsTheExam(tx, scope, study));
  if (!knows) {
    return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "study_id",
                       "only those who recorded the study or read it may say when it was");
  }
  if (!study.performed.confirmed && !study.performed.Unconfirmed())
    return base::Conflict("STATE_NOT_ALLOWED", "the device's time is plausible: it stands");
  if (performed > study.performed.receipt + kClockSkewMax)
    return base::InvalidField("performed_time", "after the hub or gateway received the study");
  if (performed < times_.earliest)
    return base::InvalidField("performed_time", "before any device that sends to this hub");
  study.performed.confirmed = performed;
  TJ_TRY(SetConfirmedTime(tx, study));
  TJ_TRY(Record(tx, study, "time_confirmed", "person", hand));
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  return study;
}

absl::StatusOr<Study> Desk::Grade(store::Transaction& tx, const security::Scope& scope,
                                  std::string_view study_id, std::string_view grade,
                                  const Hand& hand) const {
  if (grade != "A" && grade != "B" && grade != "C")
    return base::InvalidField("grade", "a grade is A, B or C");
  if (grade != "A" && hand.reason.empty())
    return base::InvalidField("reason", "grades B and C say what is wrong");
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, scope, study_id));
  study.grade = grade;
  study.grade_reason = hand.reason;
  TJ_TRY(Record(tx, study, "graded", "person", hand));
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  return study;
}

absl::StatusOr<FinishReport> Desk::Finish(store::Transaction& tx, std::string_view facility_id,
                                          std::string_view study_instance_uid, int64_t count,
                                          std::string_view actor) const {
  FinishReport report;
  TJ_ASSIGN_OR_RETURN(report.studies, StudiesOfUid(tx, facility_id, study_instance_uid));
  if (report.studies.empty()) return base::NotFound("study");
  for (const Study& study : report.studies) report.instance_count += study.instance_count;
  report.verified = true;
  for (Study& study : report.studies) {
    const StudyState before = study.state;
    const int64_t expected = study.expected_count;
    const Transition transition = Finished(study, count, report.instance_count);
    if (transition) TJ_TRY(Record(tx, study, *transition, "sender", {.actor = std::string(actor)}));
    if (study.state != before || study.expected_count != expected)
      TJ_TRY(SaveStudy(tx, study, News::kNow));
    report.verified &= study.state == StudyState::kVerified;
  }
  return report;
}

absl::Status Desk::Prepare(const security::Scope& scope, ConflictDecision& decision) const {
  if (!decision.take_later) return absl::OkStatus();
  Conflict conflict;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(conflict, FindConflict(session, scope, decision.id));
    return absl::OkStatus();
  }));
  TJ_ASSIGN_OR_RETURN(const std::unique_ptr<blob::Reader> reader,
                      blobs_.OpenReader(conflict.locator));
  TJ_ASSIGN_OR_RETURN(decision.later, ScanObject(*reader, {}));
  return absl::OkStatus();
}

absl::StatusOr<Conflict> Desk::Resolve(store::Transaction& tx, const security::Scope& scope,
                                       const ConflictDecision& decision, const Hand& hand) const {
  TJ_ASSIGN_OR_RETURN(Conflict conflict, FindConflict(tx, scope, decision.id));
  if (conflict.state != ConflictState::kOpen)
    return base::Conflict("STATE_NOT_ALLOWED", "the conflict is decided");
  conflict.state = decision.take_later ? ConflictState::kTookLater : ConflictState::kKeptFirst;
  conflict.decided_by = hand.actor;
  conflict.reason = hand.reason;
  if (decision.take_later) {
    const Arrival arrival = {.header = &decision.later.header,
                             .receipt = decision.later.receipt,
                             .dataset_digest = decision.later.dataset_digest,
                             .facility_id = conflict.facility_id,
                             .device_ae_title = conflict.device_ae_title,
                             .receipt_time = conflict.received};
    TJ_ASSIGN_OR_RETURN(const Instance first, ingest_.Replace(tx, arrival));
    conflict.locator = first.locator;
    conflict.size = first.size;
  }
  TJ_TRY(DecideConflict(tx, conflict));
  TJ_ASSIGN_OR_RETURN(Study study, FindStudy(tx, scope, conflict.study_id));
  --study.conflict_count;
  TJ_TRY(Record(tx, study, "conflict_decided", "person", hand));
  TJ_TRY(SaveStudy(tx, study, News::kNow));
  return conflict;
}

}  // namespace tongjian::imaging
