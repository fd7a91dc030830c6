// Writing tasks and reports with the event that says so.
#pragma once

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/reading/report.h"
#include "services/reading/task.h"

namespace tongjian::reading {

inline constexpr char kStream[] = "reading";

// Writes the task as its next version and announces it to its requesting facility and its center; `before` is told too where
// the task leaves it.
absl::Status Announce(store::Transaction& tx, const Task& before, Task& task);
// Writes a change that is nobody's news (a prolonged lease).
absl::Status KeepQuiet(store::Transaction& tx, const Task& task);

// Writes the report as its next version; nobody is told of drafts.
absl::Status KeepDraft(store::Transaction& tx, Report& report);
// The same, and announces it. The event never holds what is not issued; the requesting facility is in the audience only once
// the newest version is released, and then sees the released ones alone.
absl::Status Announce(store::Transaction& tx, Report& report);

}  // namespace tongjian::reading
