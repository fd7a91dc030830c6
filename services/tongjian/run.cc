#include "services/tongjian/run.h"

#include <cstdio>
#include <string>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/telemetry/log.h"
#include "services/tongjian/report.h"
#include "services/tongjian/signals.h"

namespace tongjian::program {
namespace {

absl::Status RunUntilSignal(std::string_view command, const runtime::ProcessOptions& options,
                            const std::vector<runtime::ModuleEntry>& table) {
  const base::SystemClock clock;
  TJ_ASSIGN_OR_RETURN(const auto process, runtime::Process::Open(options, command, table, clock));
  TJ_TRY(process->Start());
  const runtime::Ports& ports = process->ports();
  std::printf(
      "{\"event\":\"ready\",\"rpc\":%d,\"plain\":%d,\"dicom\":%d,\"admin\":%d,\"web\":%d}\n",
      ports.rpc, ports.plain, ports.dicom, ports.admin, ports.web);
  std::fflush(stdout);
  WaitForSignal();
  telemetry::Log(telemetry::Level::kInfo, "stopping");
  process->Stop();
  telemetry::Log(telemetry::Level::kInfo, "stopped");
  return absl::OkStatus();
}

}  // namespace

int RunModules(std::string_view command, runtime::ProcessOptions options,
               const std::vector<runtime::ModuleEntry>& table, const Arguments& arguments,
               const std::function<void(runtime::ProcessOptions&)>& complete) {
  BlockSignals();  // Before any thread exists: all of them inherit it.
  const std::string name = "tongjian " + std::string(command);
  config::Settings settings(name);
  options.Describe(settings);
  for (const runtime::ModuleEntry& entry : table) {
    if (entry.describe != nullptr) entry.describe(settings);
  }
  if (const absl::Status status = settings.Parse(arguments); !status.ok())
    return Report(name, status);
  if (settings.help_asked()) return Print(settings.Help());
  if (settings.description_asked()) return Print(settings.Describe());
  if (complete != nullptr) complete(options);
  return Report(name, RunUntilSignal(command, options, table));
}

}  // namespace tongjian::program
