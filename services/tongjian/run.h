// Runs modules until a signal: what `serve` and `edge` have in common.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "common/runtime/module.h"
#include "common/runtime/process.h"
#include "services/tongjian/command.h"

namespace tongjian::program {

// Reads the settings of the process and of all modules, starts them, prints one line
// {"event":"ready", ports} on standard output, and stops them in order at SIGINT or SIGTERM.
// `command` is "serve" or "edge"; `options` holds that command's defaults, and `complete` fills in
// what depends on what was read. Returns an exit status.
int RunModules(std::string_view command, runtime::ProcessOptions options,
               const std::vector<runtime::ModuleEntry>& table, const Arguments& arguments,
               const std::function<void(runtime::ProcessOptions&)>& complete = nullptr);

}  // namespace tongjian::program
