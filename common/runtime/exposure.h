// What of a process other machines can reach.
#pragma once

#include "absl/status/status.h"
#include "common/runtime/process.h"

namespace tongjian::runtime {

// FAILED_PRECONDITION, naming the setting and what to do, where a port beyond loopback would have
// neither TLS nor a list of the addresses that may connect. A list of loopback alone is none there:
// somebody forgot it; nor is one that holds every address. gRPC without TLS stays on loopback,
// whatever any list says (rpc::ServerHost).
absl::Status CheckExposure(const ProcessOptions& options);

}  // namespace tongjian::runtime
