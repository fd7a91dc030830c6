// What a command tells the person who called it.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace tongjian::program {

// "<command>: <message>" on standard error unless OK. The exit status: 0, 2 for INVALID_ARGUMENT
// (called wrongly), else 1.
int Report(std::string_view command, const absl::Status& status);

// `text` on standard output; 0.
int Print(std::string_view text);

}  // namespace tongjian::program
