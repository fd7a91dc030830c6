// tongjian serve: the hub, or some of its services.
#include <algorithm>
#include <thread>

#include "services/tongjian/command.h"
#include "services/tongjian/modules.h"
#include "services/tongjian/run.h"

namespace tongjian::program {

int Serve(const Arguments& arguments) {
  runtime::ProcessOptions options;
  // Most of a call's time is the disk's, so several a processor; but the more run at once, the
  // longer each takes, whosever it is.
  options.calls_running_max = std::max<int64_t>(16, 8 * std::thread::hardware_concurrency());
  return RunModules("serve", options, HubModules(), arguments);
}

}  // namespace tongjian::program
