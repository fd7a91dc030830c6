// The audit service as a module of the program.
#pragma once

#include "common/runtime/module.h"

namespace tongjian::audit {

runtime::ModuleEntry AuditModule();

}  // namespace tongjian::audit
