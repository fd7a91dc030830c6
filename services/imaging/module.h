// The imaging service as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::imaging {

runtime::ModuleEntry ImagingModule();

}  // namespace tongjian::imaging
