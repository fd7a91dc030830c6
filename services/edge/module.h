// The gateway as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::edge {

// `version`: what GetStatus says.
runtime::ModuleEntry EdgeModule(std::string version);

}  // namespace tongjian::edge
