#include "services/reading/reports.h"

#include <utility>

#include "common/security/digest.h"
#include "services/reading/canonical.h"
#include "services/reading/journal.h"
#include "services/reading/task_store.h"

namespace tongjian::reading {
namespace {

absl::Status Denied(std::string_view message) {
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "", message);
}

absl::Status SameSigner() {
  return base::Error(absl::StatusCode::kPermissionDenied, "SAME_SIGNER", "single_duty_reason",
                     "the author may not approve the own report, unless alone on duty and saying why");
}

bool Issues(const Report& report, const Reader& reader) {
  return !reader.facility_id.empty() &&
         (reader.facility_id == report.issuing_facility_id || reader.facility_id == report.performing_facility_id);
}

Practitioner PersonOf(const Reader& reader, const Names& names) {
  const std::string name = reader.name.empty() ? names.Practitioner(reader.practitioner_id) : reader.name;
  return {reader.practitioner_id, name, reader.facility_id};
}

}  // namespace

absl::StatusOr<Reports::Both> Reports::Read(store::Session& session, const security::Scope& scope,
                                            const std::string& id) const {
  TJ_ASSIGN_OR_RETURN(Report report, FindReport(session, scope, id));
  if (!SeenBy(scope, report)) return base::NotFound("report " + id);
  TJ_ASSIGN_OR_RETURN(Task task, FindTask(session, security::Scope::Service(), report.task_id));
  return Both{std::move(report), std::move(task)};
}

absl::StatusOr<Reports::Both> Reports::ReadNow(const security::Scope& scope, const std::string& id) const {
  Both both;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(both, Read(session, scope, id));
    return absl::OkStatus();
  }));
  return both;
}

absl::StatusOr<Report> Reports::Get(const security::Scope& scope, const std::string& id) const {
  TJ_ASSIGN_OR_RETURN(const Both both, ReadNow(scope, id));
  return *SeenBy(scope, both.report);
}

absl::StatusOr<std::vector<Report>> Reports::List(const security::Scope& scope, const std::string& order_id,
                                                  const std::string& patient_id, const std::optional<ReportKey>& after,
                                                  int64_t limit) const {
  std::vector<Report> reports;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(reports, ListReports(session, scope, order_id, patient_id, after, limit));
    return absl::OkStatus();
  }));
  for (Report& report : reports) report = *SeenBy(scope, report);
  return reports;
}

void Reports::Print(const Task& task, Report& report) const {
  CopyTask(task, report);
  report.requesting_facility_name = names_.Facility(report.requesting_facility_id);
  report.issuing_facility_name = names_.Facility(report.issuing_facility_id);
}

// What waits for approval is voided when this stops to hold (evidence.h): nobody approves what was left over.
absl::Status Reports::CheckApproving(const Both& now) {
  const Version& pending = *now.report.pending;
  if (pending.kind == VersionKind::kFinal && now.task.state != TaskState::kAwaitingApproval) {
    return base::Conflict("STATE_NOT_ALLOWED", "a task in state " + std::string(Name(now.task.state)) +
                                                   " has nothing to approve");
  }
  TJ_ASSIGN_OR_RETURN(const DayFacts day, ParseDay(pending.canonical));
  if (day.study_ids == now.task.study_ids) return absl::OkStatus();
  return base::Conflict("STATE_NOT_ALLOWED", "the studies of the order are not those its author signed over");
}

absl::Status Reports::PrintAgain(const Signing& signing, Both& now) const {
  if (signing.approves) return CheckApproving(now);
  Print(now.task, now.report);
  if (Canonical(now.report, signing.version) == signing.version.canonical) return absl::OkStatus();
  return base::Conflict("ETAG_MISMATCH", "order, studies or names have changed since the report was read: read it again");
}

void Reports::Seal(const Report& report, Version& version) const {
  version.canonical = Canonical(report, version);
  version.digest = security::Sha256Text(version.canonical);
}

absl::StatusOr<Report> Reports::SaveDraft(const Asked& asked, const std::string& task_id, int64_t fence,
                                          const Content& content, const std::string& etag) const {
  TJ_TRY(CheckReader(asked.reader));
  TJ_TRY(CheckContent(content));
  TJ_ASSIGN_OR_RETURN(const std::string id,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Task task, FindTask(tx, asked.scope, task_id));
                        Touch(asked.trail, task);
                        TJ_TRY(CheckClaim(task, asked.reader, fence, tx.Now()));
                        Report report;
                        if (task.report_id.empty()) {
                          report = NewReport(task, ids_.New(), tx.Now());
                          task.report_id = report.id;
                        } else {
                          TJ_ASSIGN_OR_RETURN(report, FindReport(tx, asked.scope, task.report_id));
                          TJ_TRY(CheckDrafting(report));
                          TJ_TRY(CheckEtag(report, etag));
                        }
                        Print(task, report);
                        report.draft = content;
                        report.seen = SeenNow(task);
                        report.author = PersonOf(asked.reader, names_);
                        task.claim_expire_time = tx.Now() + rules_.claim_lease;
                        TJ_TRY(KeepQuiet(tx, task));
                        TJ_TRY(KeepDraft(tx, report));
                        Touch(asked.trail, report);
                        return report.id;
                      }));
  return Get(asked.scope, id);
}

absl::StatusOr<Report> Reports::IssuePreliminary(const Asked& asked, const std::string& id, int64_t fence) const {
  TJ_TRY(CheckReader(asked.reader));
  TJ_ASSIGN_OR_RETURN(const std::string issued,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Both now, Read(tx, asked.scope, id));
                        Touch(asked.trail, now.report);
                        TJ_TRY(CheckClaim(now.task, asked.reader, fence, tx.Now()));
                        TJ_TRY(CheckDrafting(now.report));
                        if (!now.report.draft) return base::Conflict("STATE_NOT_ALLOWED", "the report has no draft");
                        TJ_TRY(CheckSeen(now.task, now.report.seen));
                        const Task before = now.task;
                        Print(now.task, now.report);
                        TJ_ASSIGN_OR_RETURN(Version version,
                                            NextVersion(now.report, VersionKind::kPreliminary, *now.report.draft, ""));
                        Seal(now.report, version);
                        Issue(now.report, std::move(version), tx.Now(), true);
                        TJ_TRY(Move(now.task, TaskAction::kPreliminary));
                        now.task.claim_expire_time = tx.Now() + rules_.claim_lease;
                        TJ_TRY(Announce(tx, before, now.task));
                        TJ_TRY(Announce(tx, now.report));
                        return now.report.id;
                      }));
  return Get(asked.scope, issued);
}

absl::Status Reports::AddSignature(const Asked& asked, std::string_view role, const std::string& single_duty_reason,
                                   Version& version) const {
  const Reader& reader = asked.reader;
  TJ_ASSIGN_OR_RETURN(
      security::Signature signature,
      signer_.Sign(version.canonical, {.user_id = reader.user_id,
                                       .practitioner_id = reader.practitioner_id,
                                       .facility_id = reader.facility_id}));
  version.signatures.push_back({.signer = PersonOf(reader, names_),
                                .user_id = reader.user_id,
                                .role = std::string(role),
                                .time = signature.time,
                                .algorithm = std::move(signature.algorithm),
                                .certificate_pem = std::move(signature.certificate_pem),
                                .value = std::move(signature.value),
                                .legal_note = std::move(signature.key_note),
                                .single_duty_reason = single_duty_reason});
  return absl::OkStatus();
}

absl::StatusOr<Reports::Signing> Reports::SignAsAuthor(const Asked& asked, Both read, int64_t fence,
                                                       const std::string& single_duty_reason) const {
  const Task& task = read.task;
  TJ_TRY(CheckClaim(task, asked.reader, fence, database_.clock().Now()));
  if (!MayAuthor(task, asked.reader.facility_id)) return Denied("another facility's readers sign this report first");
  TJ_TRY(CheckDrafting(read.report));
  if (!read.report.draft) return base::Conflict("STATE_NOT_ALLOWED", "the report has no draft");
  TJ_TRY(CheckSeen(task, read.report.seen));
  Report printed = read.report;
  Print(task, printed);
  TJ_ASSIGN_OR_RETURN(Version version, NextVersion(printed, VersionKind::kFinal, *printed.draft, ""));
  Seal(printed, version);
  TJ_TRY(right_.Check(asked.reader.practitioner_id, task.requesting_facility_id, task.discipline));
  TJ_TRY(AddSignature(asked, kAuthor, "", version));
  if (task.signers > 1 && !single_duty_reason.empty()) {
    if (!MayApprove(task, asked.reader.facility_id)) return Denied("another facility's readers approve this report");
    TJ_TRY(AddSignature(asked, kApprover, single_duty_reason, version));
  }
  Seen seen = read.report.seen;
  return Signing{std::move(read), std::move(version), std::move(seen), true};
}

absl::StatusOr<Reports::Signing> Reports::SignAsApprover(const Asked& asked, Both read,
                                                         const std::string& single_duty_reason) const {
  if (!MayApprove(read.task, asked.reader.facility_id)) return Denied("another facility's readers approve this report");
  TJ_TRY(CheckApproving(read));
  Version version = *read.report.pending;
  const bool same = !version.signatures.empty() &&
                    version.signatures.front().signer.practitioner_id == asked.reader.practitioner_id;
  if (same && single_duty_reason.empty()) return SameSigner();
  TJ_TRY(right_.Check(asked.reader.practitioner_id, read.task.requesting_facility_id, read.task.discipline));
  TJ_TRY(AddSignature(asked, kApprover, same ? single_duty_reason : "", version));
  Seen seen = read.report.seen;
  return Signing{std::move(read), std::move(version), std::move(seen), false, true};
}

absl::StatusOr<Reports::Signing> Reports::SignAddition(const Asked& asked, const std::string& id, const std::string& etag,
                                                       VersionKind kind, const Content& content,
                                                       const std::string& reason) const {
  TJ_TRY(CheckReader(asked.reader));
  TJ_ASSIGN_OR_RETURN(Both read, ReadNow(asked.scope, id));
  TJ_TRY(CheckEtag(read.report, etag));
  if (!Issues(read.report, asked.reader)) return Denied("only readers of the facility that issued it change a report");
  const bool held = Held(read.task, database_.clock().Now());
  if (held && read.task.claimed_by != asked.reader.practitioner_id) {
    return base::Conflict("CLAIMED_BY_OTHER", "somebody else is reading it again");
  }
  if (held) TJ_TRY(CheckSeen(read.task, read.task.claim_seen));
  Report printed = read.report;
  Print(read.task, printed);
  TJ_ASSIGN_OR_RETURN(Version version, NextVersion(printed, kind, content, reason));
  Seal(printed, version);
  TJ_TRY(right_.Check(asked.reader.practitioner_id, read.task.requesting_facility_id, read.task.discipline));
  TJ_TRY(AddSignature(asked, kAuthor, "", version));
  Seen seen = held ? read.task.claim_seen : SeenNow(read.task);
  return Signing{std::move(read), std::move(version), std::move(seen)};
}

absl::Status Reports::IssueIn(store::Transaction& tx, Both now, const Signing& signing) const {
  const Task before = now.task;
  if (Allows(now.task.state, TaskAction::kComplete)) TJ_TRY(Complete(now.task, signing.seen));
  Issue(now.report, signing.version, tx.Now(), !rules_.hold_release);
  if (now.task != before) TJ_TRY(Announce(tx, before, now.task));
  TJ_TRY(Announce(tx, now.report));
  // Told last: an order reopens only what it knows to be signed.
  const Task completed = now.task;
  LookAgain(now.task, signing.seen);
  return now.task == completed ? absl::OkStatus() : Announce(tx, completed, now.task);
}

absl::Status Reports::KeepPending(store::Transaction& tx, Both now, const Signing& signing) const {
  if (!IsFinal(now.report)) {
    const Task before = now.task;
    TJ_TRY(Move(now.task, TaskAction::kSignFirst));
    DropClaim(now.task);
    now.report.state = ReportState::kAwaitingApproval;
    TJ_TRY(Announce(tx, before, now.task));
  }
  now.report.draft = signing.version.content;
  now.report.pending = signing.version;
  now.report.seen = signing.seen;
  return KeepDraft(tx, now.report);
}

absl::StatusOr<Report> Reports::Store(const Asked& asked, const std::string& id, int64_t fence,
                                      const absl::StatusOr<Signing>& signing) const {
  TJ_ASSIGN_OR_RETURN(const std::string stored,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_TRY(signing.status());  // Here, so that a request that was answered before is answered again.
                        TJ_ASSIGN_OR_RETURN(Both now, Read(tx, asked.scope, id));
                        Touch(asked.trail, now.report);
                        TJ_TRY(CheckEtag(now.report, Etag(signing->read.report)));
                        if (signing->as_author) TJ_TRY(CheckClaim(now.task, asked.reader, fence, tx.Now()));
                        TJ_TRY(PrintAgain(*signing, now));
                        const int signed_by = static_cast<int>(signing->version.signatures.size());
                        TJ_TRY(signed_by >= now.task.signers ? IssueIn(tx, std::move(now), *signing)
                                                             : KeepPending(tx, std::move(now), *signing));
                        return id;
                      }));
  return Get(asked.scope, stored);
}

absl::StatusOr<Report> Reports::Sign(const Asked& asked, const std::string& id, int64_t fence, const std::string& etag,
                                     const std::string& single_duty_reason) const {
  TJ_TRY(CheckReader(asked.reader));
  if (single_duty_reason.size() > 4000) return base::InvalidField("single_duty_reason", "longer than 4000 bytes");
  const auto sign = [&]() -> absl::StatusOr<Signing> {
    TJ_ASSIGN_OR_RETURN(Both read, ReadNow(asked.scope, id));
    TJ_TRY(CheckEtag(read.report, etag));
    if (read.report.pending) return SignAsApprover(asked, std::move(read), single_duty_reason);
    return SignAsAuthor(asked, std::move(read), fence, single_duty_reason);
  };
  return Store(asked, id, fence, sign());
}

absl::StatusOr<Report> Reports::Add(const Asked& asked, const std::string& id, const std::string& etag, VersionKind kind,
                                    const Content& content, const std::string& reason) const {
  return Store(asked, id, 0, SignAddition(asked, id, etag, kind, content, reason));
}

absl::StatusOr<Report> Reports::Reject(const Asked& asked, const std::string& id, const std::string& reason) const {
  TJ_TRY(CheckReader(asked.reader));
  TJ_TRY(CheckReason(reason));
  TJ_ASSIGN_OR_RETURN(const std::string rejected,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Both now, Read(tx, asked.scope, id));
                        Touch(asked.trail, now.report);
                        const bool author = now.report.author.practitioner_id == asked.reader.practitioner_id;
                        if (!author && !MayApprove(now.task, asked.reader.facility_id)) {
                          return Denied("another facility's readers approve this report");
                        }
                        TJ_TRY(reading::Reject(now.report));
                        if (now.task.state == TaskState::kAwaitingApproval) {
                          const Task before = now.task;
                          TJ_TRY(Move(now.task, TaskAction::kReject));
                          now.task.claimed_by = now.report.author.practitioner_id;
                          now.task.claim_expire_time = tx.Now() + rules_.claim_lease;
                          ++now.task.claim_fence;
                          now.task.note = reason;
                          TJ_TRY(Announce(tx, before, now.task));
                        }
                        TJ_TRY(KeepDraft(tx, now.report));
                        return now.report.id;
                      }));
  return Get(asked.scope, rejected);
}

absl::StatusOr<Report> Reports::Release(const Asked& asked, const std::string& id, int number) const {
  TJ_ASSIGN_OR_RETURN(const std::string released,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Both now, Read(tx, asked.scope, id));
                        Touch(asked.trail, now.report);
                        if (!Issues(now.report, asked.reader)) return Denied("only the facility that issued it releases");
                        TJ_TRY(reading::Release(now.report, number));
                        TJ_TRY(Announce(tx, now.report));
                        return now.report.id;
                      }));
  return Get(asked.scope, released);
}

absl::StatusOr<Report> Reports::Retract(const Asked& asked, const std::string& id, const std::string& reason) const {
  TJ_ASSIGN_OR_RETURN(const std::string retracted,
                      RunOnce(database_, asked, [&](store::Transaction& tx) -> absl::StatusOr<std::string> {
                        TJ_ASSIGN_OR_RETURN(Both now, Read(tx, asked.scope, id));
                        Touch(asked.trail, now.report);
                        if (!Issues(now.report, asked.reader)) return Denied("only the facility that issued it retracts");
                        TJ_TRY(reading::Retract(now.report, reason));
                        const Task before = now.task;
                        if (now.task.state == TaskState::kClaimed) TJ_TRY(GiveBack(now.task));
                        if (Allows(now.task.state, TaskAction::kReopen)) {
                          TJ_TRY(Reopen(now.task, "the report was taken back: " + reason));
                        }
                        now.task.report_id.clear();
                        now.task.instances_read = -1;
                        TJ_TRY(Announce(tx, before, now.task));
                        TJ_TRY(Announce(tx, now.report));
                        return now.report.id;
                      }));
  return Get(asked.scope, retracted);
}

std::vector<std::string> Reports::Verify(const Report& report) const {
  std::vector<std::string> findings;
  for (const Version& version : report.versions) {
    const std::string which = "version " + std::to_string(version.number) + ": ";
    const absl::StatusOr<std::string> rebuilt = Rebuild(report, version, version.canonical);
    if (!rebuilt.ok() || *rebuilt != version.canonical) {
      findings.push_back(which + "what is stored differs from what was signed");
    }
    if (security::Sha256Text(version.canonical) != version.digest) findings.push_back(which + "the digest does not fit");
    if (version.signatures.empty() && version.kind != VersionKind::kPreliminary) {
      findings.push_back(which + "no signature is there");
    }
    for (const SignatureEntry& entry : version.signatures) {
      const security::Signature signature = {.algorithm = entry.algorithm,
                                             .certificate_pem = entry.certificate_pem,
                                             .value = entry.value,
                                             .signer = {entry.user_id, entry.signer.practitioner_id,
                                                        entry.signer.facility_id},
                                             .time = entry.time,
                                             .key_note = entry.legal_note};
      const absl::Status holds = signer_.Verify(version.canonical, signature);
      if (!holds.ok()) findings.push_back(which + "the signature of the " + entry.role + " does not hold");
    }
  }
  return findings;
}

}  // namespace tongjian::reading
