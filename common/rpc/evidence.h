// What a gRPC call brings along, taken out of its context.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/rpc/identity.h"

namespace grpc {
class ServerContextBase;
}

namespace tongjian::rpc {

// A call's evidence and its circumstances.
struct Arrival {
  Evidence evidence;
  std::string address;  // Without the port; empty for a caller in this process.
  std::string peer;     // Under which it is counted; empty: not counted.
  absl::Time deadline;  // InfiniteFuture: none was set.
};

// UNAUTHENTICATED when a metadata key that decides on identity comes twice.
absl::StatusOr<Arrival> ArrivalOf(const grpc::ServerContextBase& context);

// The caller's x-request-id where it has the right form, else a new one.
std::string RequestIdOf(const grpc::ServerContextBase& context);

}  // namespace tongjian::rpc
