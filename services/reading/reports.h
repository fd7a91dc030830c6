// What readers do with reports: draft, issue, sign, approve, add, amend, release, take back, verify.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/security/signature.h"
#include "common/store/database.h"
#include "services/reading/changes.h"
#include "services/reading/names.h"
#include "services/reading/report_store.h"
#include "services/reading/signing_right.h"

namespace tongjian::reading {

struct ReportRules {
  absl::Duration claim_lease = absl::Minutes(15);
  bool hold_release = false;  // Final versions wait for ReleaseReport.
};

// Safe for concurrent use; all it is given must outlive it. Signatures are made before the transaction that stores them,
// which then refuses when the report has changed meanwhile: a slow signing service holds up nobody.
class Reports {
 public:
  Reports(store::Database& database, base::Ids& ids, security::Signer& signer, SigningRight& right, const Names& names,
          ReportRules rules)
      : database_(database), ids_(ids), signer_(signer), right_(right), names_(names), rules_(rules) {}

  // What the scope may see of it.
  absl::StatusOr<Report> Get(const security::Scope& scope, const std::string& id) const;
  absl::StatusOr<std::vector<Report>> List(const security::Scope& scope, const std::string& order_id,
                                           const std::string& patient_id, const std::optional<ReportKey>& after,
                                           int64_t limit) const;

  // Also renews the claim. `etag` is asked for once there is a draft.
  absl::StatusOr<Report> SaveDraft(const Asked& asked, const std::string& task_id, int64_t fence, const Content& content,
                                   const std::string& etag) const;
  absl::StatusOr<Report> IssuePreliminary(const Asked& asked, const std::string& id, int64_t fence) const;
  // As author, under the claim; or as approver of what waits for one.
  absl::StatusOr<Report> Sign(const Asked& asked, const std::string& id, int64_t fence, const std::string& etag,
                              const std::string& single_duty_reason) const;
  absl::StatusOr<Report> Reject(const Asked& asked, const std::string& id, const std::string& reason) const;
  // kAddendum or kAmended.
  absl::StatusOr<Report> Add(const Asked& asked, const std::string& id, const std::string& etag, VersionKind kind,
                             const Content& content, const std::string& reason) const;
  absl::StatusOr<Report> Release(const Asked& asked, const std::string& id, int number) const;
  absl::StatusOr<Report> Retract(const Asked& asked, const std::string& id, const std::string& reason) const;

  // What does not hold, one line each; empty when every version and signature holds.
  std::vector<std::string> Verify(const Report& report) const;

 private:
  struct Both {
    Report report;
    Task task;
  };
  // A version with the signatures it will be stored with.
  struct Signing {
    Both read;
    Version version;
    Seen seen;                // What it was written over.
    bool as_author = false;   // Of a draft, under the claim.
    bool approves = false;    // What was signed before stands as it is.
  };
  absl::StatusOr<Both> Read(store::Session& session, const security::Scope& scope, const std::string& id) const;
  absl::StatusOr<Both> ReadNow(const security::Scope& scope, const std::string& id) const;
  // STATE_NOT_ALLOWED when the task or its studies are not those the author signed over.
  static absl::Status CheckApproving(const Both& now);
  // The report as it is printed today; what was signed a moment ago must be the same (ETAG_MISMATCH).
  absl::Status PrintAgain(const Signing& signing, Both& now) const;
  void Print(const Task& task, Report& report) const;
  // Its canonical bytes and their digest.
  void Seal(const Report& report, Version& version) const;
  absl::Status AddSignature(const Asked& asked, std::string_view role, const std::string& single_duty_reason,
                            Version& version) const;
  absl::StatusOr<Signing> SignAsAuthor(const Asked& asked, Both read, int64_t fence,
                                       const std::string& single_duty_reason) const;
  absl::StatusOr<Signing> SignAsApprover(const Asked& asked, Both read, const std::string& single_duty_reason) const;
  absl::StatusOr<Signing> SignAddition(const Asked& asked, const std::string& id, const std::string& etag, VersionKind kind,
                                       const Content& content, const std::string& reason) const;
  absl::StatusOr<Report> Store(const Asked& asked, const std::string& id, int64_t fence,
                               const absl::StatusOr<Signing>& signing) const;
  // What came after it was written reopens the task, in the same transaction.
  absl::Status IssueIn(store::Transaction& tx, Both now, const Signing& signing) const;
  absl::Status KeepPending(store::Transaction& tx, Both now, const Signing& signing) const;

  store::Database& database_;
  base::Ids& ids_;
  security::Signer& signer_;
  SigningRight& right_;
  const Names& names_;
  const ReportRules rules_;
};

}  // namespace tongjian::reading
