// The orders service as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::orders {

runtime::ModuleEntry OrdersModule();

}  // namespace tongjian::orders
