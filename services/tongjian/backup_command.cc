// tongjian backup and tongjian restore.
#include <cstdio>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "services/tongjian/backup.h"
#include "services/tongjian/command.h"
#include "services/tongjian/modules.h"
#include "services/tongjian/progress.h"
#include "services/tongjian/report.h"

namespace tongjian::program {
namespace {

absl::Status RunBackup(const BackupOptions& options) {
  absl::StatusOr<BackupReport> report;
  {
    Progress line;
    report = MakeBackup(
        options, base::SystemClock(),
        [&](const char* step, int64_t files, int64_t bytes) { line.Show(step, files, bytes); });
  }
  TJ_TRY(report.status());
  Print(absl::StrCat("backed up ", options.state, " to ", options.to, ": ", report->databases,
                     " databases, ", report->objects, " objects, ", report->files, " other files, ",
                     SizeText(report->bytes), "\n"));
  if (report->damaged == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      report->damaged,
      " objects are damaged in the hub itself; the backup holds them as they are. An older backup "
      "may have them whole"));
}

absl::Status RunRestore(const std::string& from, const std::string& to) {
  absl::StatusOr<RestoreReport> report;
  {
    Progress line;
    report = RestoreBackup(
        from, to, base::SystemClock(),
        [&](const char* step, int64_t files, int64_t bytes) { line.Show(step, files, bytes); });
  }
  TJ_TRY(report.status());
  Print(absl::StrCat("restored ", to, ": ", report->files, " files, ", SizeText(report->bytes),
                     ", ", report->databases,
                     " databases with new feed epochs: whoever follows them reads again from the "
                     "beginning\n"));
  return absl::OkStatus();
}

absl::Status RunRenewEpochs(const std::string& url) {
  std::vector<std::string> services;
  for (const runtime::ModuleEntry& module : HubModules()) services.push_back(module.name);
  TJ_TRY(RenewEpochs(url, services, base::SystemClock()));
  Print(absl::StrCat(services.size(),
                     " services have new feed epochs: whoever follows them reads again from the "
                     "beginning\n"));
  return absl::OkStatus();
}

// What `parsed` or --help ends; -1 to go on.
int Early(const std::string& name, const config::Settings& settings, const absl::Status& parsed) {
  if (settings.help_asked()) return Print(settings.Help());
  return parsed.ok() ? -1 : Report(name, parsed);
}

}  // namespace

int Backup(const Arguments& arguments) {
  const std::string name = "tongjian backup";
  BackupOptions options;
  config::Settings settings(name);
  settings.Add("state", &options.state, "State directory of the hub or gateway, running or not",
               {.required = true});
  settings.Add("to", &options.to, "Directory to make; secret keys are in it", {.required = true});
  settings.Add("ca", &options.ca, "Authority's directory, where it is not in the state directory");
  settings.Add("keys", &options.keys, "Keys' directory, where it is not in the state directory");
  settings.Add("copy", &options.copy,
               "Copy objects; else they are hard links where the file system can");
  const absl::Status parsed = settings.Parse(arguments, {});
  const int early = Early(name, settings, parsed);
  return early >= 0 ? early : Report(name, RunBackup(options));
}

int Restore(const Arguments& arguments) {
  const std::string name = "tongjian restore";
  std::string from;
  std::string to;
  std::string url;
  config::Settings settings(name);
  settings.Add("from", &from, "A backup");
  settings.Add("to", &to, "State directory to make");
  settings.Add("database", &url,
               "PostgreSQL URL of records its own tools restored; instead of --from and --to",
               {.secret = true});
  const absl::Status parsed = settings.Parse(arguments, {});
  if (const int early = Early(name, settings, parsed); early >= 0) return early;
  if (!url.empty() && from.empty() && to.empty()) return Report(name, RunRenewEpochs(url));
  if (from.empty() || to.empty() || !url.empty()) {
    return Report(name, absl::InvalidArgumentError("give --from and --to, or --database alone"));
  }
  return Report(name, RunRestore(from, to));
}

}  // namespace tongjian::program
