// tongjian serve: the hub, or some of its services.
#include "services/tongjian/command.h"
#include "services/tongjian/modules.h"
#include "services/tongjian/run.h"

namespace tongjian::program {

int Serve(const Arguments& arguments) { return RunModules("serve", {}, HubModules(), arguments); }

}  // namespace tongjian::program
