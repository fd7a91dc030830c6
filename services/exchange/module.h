// The exchange service as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::exchange {

runtime::ModuleEntry ExchangeModule();

}  // namespace tongjian::exchange
