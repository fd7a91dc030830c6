// A report (报告): what a reader concludes, in versions that never change once issued. Values and rules; no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "services/reading/people.h"
#include "services/reading/task.h"

namespace tongjian::reading {

// The numbers are those of tongjian.reading.v1 (a test holds them together).
enum class ReportState {
  kNone = 0,
  kDraft = 1,
  kPreliminary = 2,
  kAwaitingApproval = 3,
  kFinal = 4,
  kAmended = 5,
  kRetracted = 6,
};
inline constexpr int kReportStates = 6;
enum class VersionKind { kNone = 0, kPreliminary = 1, kFinal = 2, kAddendum = 3, kAmended = 4 };

std::string_view Name(ReportState state);
std::string_view Name(VersionKind kind);

struct Coding {
  std::string system;
  std::string code;
  std::string display;
  bool operator==(const Coding&) const = default;
};

struct Content {
  std::string findings;
  std::string impression;
  std::vector<Coding> codes;
  bool abnormal = false;
  std::string critical_finding;
  int follow_up_days = 0;
  bool machine_assisted = false;
  bool operator==(const Content&) const = default;
};

inline constexpr std::string_view kAuthor = "author";
inline constexpr std::string_view kApprover = "approver";

// One signature over a version's canonical bytes.
struct SignatureEntry {
  Practitioner signer;
  std::string user_id;
  std::string role;
  absl::Time time = absl::InfinitePast();
  std::string algorithm;
  std::string certificate_pem;
  std::string value;  // Raw bytes.
  std::string legal_note;
  std::string single_duty_reason;
  bool operator==(const SignatureEntry&) const = default;
};

struct Version {
  int number = 0;
  VersionKind kind = VersionKind::kNone;
  Content content;
  std::vector<SignatureEntry> signatures;
  absl::Time time = absl::InfinitePast();
  std::string reason;
  std::string digest;
  bool released = false;
  std::string canonical;  // The bytes that were signed.
  bool operator==(const Version&) const = default;
};

struct Report {
  std::string id;
  ReportState state = ReportState::kNone;
  std::string task_id;
  std::vector<std::string> order_ids;
  std::vector<std::string> study_ids;
  Patient patient;
  std::string requesting_facility_id;
  std::string requesting_facility_name;
  std::string issuing_facility_id;
  std::string issuing_facility_name;
  std::string performing_facility_id;  // The center's host: it sees drafts. Not in the contract.
  std::optional<Content> draft;
  Practitioner author;
  std::vector<Version> versions;
  std::string accession_number;
  std::vector<std::string> item_names;
  absl::Time create_time = absl::InfinitePast();
  absl::Time update_time = absl::InfinitePast();
  int64_t version = 0;
  std::string retract_reason;
  int discipline = 0;
  std::optional<Version> pending;  // Signed by its author, waits for an approver; its content stands in `draft` too.
  Seen seen;                       // What `draft` was written over. Not in the contract.
};

std::string Etag(const Report& report);
// ETAG_MISMATCH unless `etag` is the report's: nobody signs what somebody changed meanwhile.
absl::Status CheckEtag(const Report& report, std::string_view etag);

// Limits of what a caller wrote. INVALID_ARGUMENT names the field.
absl::Status CheckContent(const Content& content);
absl::Status CheckReason(const std::string& reason);
// What is signed must say something.
absl::Status CheckConclusion(const Content& content);

bool IsFinal(const Report& report);
// Whether it may still be drafted.
absl::Status CheckDrafting(const Report& report);

// A report for the task, still without text.
Report NewReport(const Task& task, std::string id, absl::Time now);
// What the task now says of order, studies and patient.
void CopyTask(const Task& task, Report& report);

// The next version as it would be issued: number, kind, content, reason; no signatures yet.
absl::StatusOr<Version> NextVersion(const Report& report, VersionKind kind, const Content& content, const std::string& reason);

// Adds it and moves the state.
void Issue(Report& report, Version version, absl::Time now, bool released);
// FAILED_PRECONDITION or NOT_FOUND.
absl::Status Release(Report& report, int number);
absl::Status Retract(Report& report, const std::string& reason);
// Takes what waits for approval back to its author.
absl::Status Reject(Report& report);

// What a caller who reaches these facilities may see: all of it at the center and at the author's facility, else the
// released versions alone; nothing where there is none.
bool SeesDrafts(const Report& report, bool reaches_performing, bool reaches_author);
std::optional<Report> Published(const Report& report);

}  // namespace tongjian::reading
