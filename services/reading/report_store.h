// Reports in SQL. Every query takes a scope; a report outside it is not found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/reading/report.h"

namespace tongjian::reading {

// What the scope may see of it: all, the released versions, or nothing.
std::optional<Report> SeenBy(const security::Scope& scope, const Report& report);

// NOT_FOUND outside the scope. The whole report: callers who show it go through SeenBy.
absl::StatusOr<Report> FindReport(store::Session& session, const security::Scope& scope, const std::string& id);

struct ReportKey {
  int64_t created = 0;
  std::string id;
};
// Newest first, behind `after`; by order or, where that is empty, by master patient.
absl::StatusOr<std::vector<Report>> ListReports(store::Session& session, const security::Scope& scope,
                                                const std::string& order_id, const std::string& patient_id,
                                                const std::optional<ReportKey>& after, int64_t limit);
absl::StatusOr<std::vector<Report>> ReportsOfTask(store::Session& session, const security::Scope& scope,
                                                  const std::string& task_id);

// Writes the report; of its versions only new ones and release marks, for issued ones never change.
absl::Status PutReport(store::Transaction& tx, const Report& report);

// Moves the link of all reports with these words.
absl::Status LinkReports(store::Transaction& tx, const Patient& words, const std::string& patient_id);
// Of the reports of one task.
absl::Status LinkReportsOf(store::Transaction& tx, const std::string& task_id, const std::string& patient_id);

}  // namespace tongjian::reading
