// Calls every method of a server without any identity: what STYLE section 6 demands of every door.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/rpc/access_table.h"

namespace grpc {
class Channel;
}

namespace tongjian::rpc {

struct MethodAnswer {
  std::string method;
  bool anonymous = false;
  absl::StatusCode code = absl::StatusCode::kUnknown;
};

// Each method of `rules` with an empty request, as a stranger.
std::vector<MethodAnswer> CallEveryMethod(const std::shared_ptr<grpc::Channel>& channel,
                                          const AccessTable& rules);

}  // namespace tongjian::rpc
