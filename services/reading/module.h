// The reading service as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::reading {

runtime::ModuleEntry ReadingModule();

}  // namespace tongjian::reading
