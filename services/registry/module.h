// The registry as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::registry {

runtime::ModuleEntry RegistryModule();

}  // namespace tongjian::registry
