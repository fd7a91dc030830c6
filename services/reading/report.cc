#include "services/reading/report.h"

#include <algorithm>
#include <utility>

namespace tongjian::reading {
namespace {

using enum ReportState;

constexpr std::string_view kStateNames[] = {"NONE",  "DRAFT",   "PRELIMINARY", "AWAITING_APPROVAL",
                                            "FINAL", "AMENDED", "RETRACTED"};
constexpr std::string_view kKindNames[] = {"NONE", "PRELIMINARY", "FINAL", "ADDENDUM", "AMENDED"};
constexpr size_t kCodesMax = 50;

size_t Characters(const std::string& text) {
  return std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

absl::Status CheckLength(std::string_view field, const std::string& text, size_t characters_max) {
  if (text.size() <= characters_max || Characters(text) <= characters_max) return absl::OkStatus();
  return base::InvalidField(field, "longer than " + std::to_string(characters_max) + " characters");
}

absl::Status NotAllowed(const Report& report, std::string_view what) {
  return base::Conflict("STATE_NOT_ALLOWED", "a report in state " + std::string(Name(report.state)) +
                                                 " does not allow " + std::string(what));
}

}  // namespace

std::string_view Name(ReportState state) { return kStateNames[static_cast<int>(state)]; }
std::string_view Name(VersionKind kind) { return kKindNames[static_cast<int>(kind)]; }

std::string Etag(const Report& report) { return std::to_string(report.version); }

absl::Status CheckEtag(const Report& report, std::string_view etag) {
  if (etag == Etag(report)) return absl::OkStatus();
  return base::Conflict("ETAG_MISMATCH", "the report has changed since it was read: expected etag " + Etag(report) +
                                             ", read it again");
}

absl::Status CheckContent(const Content& content) {
  TJ_TRY(CheckLength("content.findings", content.findings, 20000));
  TJ_TRY(CheckLength("content.impression", content.impression, 4000));
  TJ_TRY(CheckLength("content.critical_finding", content.critical_finding, 1000));
  if (content.codes.size() > kCodesMax) return base::InvalidField("content.codes", "more than 50 codes");
  for (const Coding& code : content.codes) {
    TJ_TRY(CheckLength("content.codes.system", code.system, 256));
    TJ_TRY(CheckLength("content.codes.code", code.code, 64));
    TJ_TRY(CheckLength("content.codes.display", code.display, 256));
  }
  if (content.follow_up_days < 0 || content.follow_up_days > 3650) {
    return base::InvalidField("content.follow_up_days", "not from 0 to 3650");
  }
  return absl::OkStatus();
}

absl::Status CheckReason(const std::string& reason) {
  if (reason.empty()) return base::InvalidField("reason", "missing");
  return CheckLength("reason", reason, 1000);
}

absl::Status CheckConclusion(const Content& content) {
  if (!content.impression.empty()) return absl::OkStatus();
  return base::InvalidField("content.impression", "a report that is issued needs an impression");
}

bool IsFinal(const Report& report) { return report.state == kFinal || report.state == kAmended; }

absl::Status CheckDrafting(const Report& report) {
  if (report.state == kDraft || report.state == kPreliminary) return absl::OkStatus();
  return NotAllowed(report, "a draft; a final one is changed by an addendum or amended");
}

void CopyTask(const Task& task, Report& report) {
  report.order_ids = {task.order_id};
  report.study_ids = task.study_ids;
  report.patient = task.patient;
  report.accession_number = task.accession_number;
  report.item_names = task.item_names;
  report.requesting_facility_id = task.requesting_facility_id;
  report.performing_facility_id = task.performing_facility_id;
  report.issuing_facility_id =
      task.reading_mode == ReadingMode::kClinicSigns ? task.requesting_facility_id : task.performing_facility_id;
  report.discipline = task.discipline;
}

Report NewReport(const Task& task, std::string id, absl::Time now) {
  Report report;
  report.id = std::move(id);
  report.state = kDraft;
  report.task_id = task.id;
  report.create_time = now;
  CopyTask(task, report);
  return report;
}

absl::StatusOr<Version> NextVersion(const Report& report, VersionKind kind, const Content& content,
                                    const std::string& reason) {
  if (report.pending) return NotAllowed(report, "another version while one waits for approval");
  const bool follows_final = kind == VersionKind::kAddendum || kind == VersionKind::kAmended;
  if (follows_final ? !IsFinal(report) : (report.state != kDraft && report.state != kPreliminary)) {
    return NotAllowed(report, "a version of kind " + std::string(Name(kind)));
  }
  TJ_TRY(CheckContent(content));
  TJ_TRY(CheckConclusion(content));
  if (follows_final) TJ_TRY(CheckReason(reason));
  Version version;
  version.number = static_cast<int>(report.versions.size()) + 1;
  version.kind = kind;
  version.content = content;
  version.reason = reason;
  return version;
}

void Issue(Report& report, Version version, absl::Time now, bool released) {
  version.time = now;
  version.released = released;
  switch (version.kind) {
    case VersionKind::kPreliminary: report.state = kPreliminary; break;
    case VersionKind::kAmended: report.state = kAmended; break;
    case VersionKind::kFinal: report.state = kFinal; break;
    default: break;  // An addendum leaves the state as it is.
  }
  if (version.kind != VersionKind::kPreliminary) report.draft.reset();
  report.pending.reset();
  report.versions.push_back(std::move(version));
}

absl::Status Release(Report& report, int number) {
  if (report.state == kRetracted) return NotAllowed(report, "a release");
  for (Version& version : report.versions) {
    if (version.number != number) continue;
    if (version.released) return base::Conflict("STATE_NOT_ALLOWED", "version " + std::to_string(number) + " is released");
    version.released = true;
    return absl::OkStatus();
  }
  return base::NotFound("version " + std::to_string(number) + " of the report");
}

absl::Status Retract(Report& report, const std::string& reason) {
  TJ_TRY(CheckReason(reason));
  if (report.state == kRetracted || report.versions.empty()) return NotAllowed(report, "a retraction");
  report.state = kRetracted;
  report.retract_reason = reason;
  report.draft.reset();
  report.pending.reset();
  return absl::OkStatus();
}

absl::Status Reject(Report& report) {
  if (!report.pending) return NotAllowed(report, "a rejection: nothing waits for approval");
  if (report.state == kAwaitingApproval) {
    report.state = report.versions.empty() ? kDraft : kPreliminary;
  } else {
    report.draft.reset();  // A final one stays as it is; what was to replace it is gone.
  }
  report.pending.reset();
  return absl::OkStatus();
}

bool SeesDrafts(const Report& report, bool reaches_performing, bool reaches_author) {
  return (reaches_performing && !report.performing_facility_id.empty()) ||
         (reaches_author && !report.author.facility_id.empty());
}

std::optional<Report> Published(const Report& report) {
  Report published = report;
  published.draft.reset();
  published.pending.reset();
  std::erase_if(published.versions, [](const Version& version) { return !version.released; });
  if (published.versions.empty()) return std::nullopt;
  if (published.state == kAwaitingApproval) published.state = kPreliminary;
  return published;
}

}  // namespace tongjian::reading
