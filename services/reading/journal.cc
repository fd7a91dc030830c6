#include "services/reading/journal.h"

#include <set>
#include <string>
#include <vector>

#include "common/feed/change.h"
#include "services/reading/codec.h"
#include "services/reading/report_store.h"
#include "services/reading/task_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::reading {
namespace {

std::vector<std::string> Audience(std::set<std::string> ids) {
  ids.erase("");
  return {ids.begin(), ids.end()};
}

void Bump(store::Transaction& tx, Report& report) {
  ++report.version;
  report.update_time = tx.Now();
}

}  // namespace

absl::Status Announce(store::Transaction& tx, const Task& before, Task& task) {
  ++task.version;
  task.update_time = tx.Now();
  TJ_TRY(PutTask(tx, task));
  events::v1::TaskChanged changed;
  Encode(task, changed.mutable_task());
  tx.Emit(feed::MakeEvent(kStream, task.id,
                          Audience({before.requesting_facility_id, before.performing_facility_id,
                                    task.requesting_facility_id, task.performing_facility_id}),
                          changed));
  return absl::OkStatus();
}

absl::Status KeepQuiet(store::Transaction& tx, const Task& task) { return PutTask(tx, task); }

absl::Status KeepDraft(store::Transaction& tx, Report& report) {
  Bump(tx, report);
  return PutReport(tx, report);
}

absl::Status Announce(store::Transaction& tx, Report& report) {
  Bump(tx, report);
  TJ_TRY(PutReport(tx, report));
  const bool released = !report.versions.empty() && report.versions.back().released;
  Report shown = report;
  shown.draft.reset();
  shown.pending.reset();
  if (released) shown = *Published(report);
  events::v1::ReportChanged changed;
  Encode(shown, changed.mutable_report());
  std::set<std::string> audience = {report.performing_facility_id};
  if (released) audience.insert(report.requesting_facility_id);
  tx.Emit(feed::MakeEvent(kStream, report.id, Audience(std::move(audience)), changed));
  return absl::OkStatus();
}

}  // namespace tongjian::reading
