// The hub's services.
#pragma once

#include <vector>

#include "common/runtime/module.h"

namespace tongjian::program {

// One line each, in the order in which they are made where needs do not say otherwise.
std::vector<runtime::ModuleEntry> HubModules();

}  // namespace tongjian::program
