// HTTP through the one door: the same identities, permissions, scopes, load limits and trail as an
// RPC.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/web/http.h"

namespace tongjian::rpc {
class Door;
}

namespace tongjian::web {

// One service's door for HTTP. Safe for concurrent use; `door` must outlive it.
class HttpDoor {
 public:
  explicit HttpDoor(const rpc::Door& door) : door_(door) {}

  using Work = absl::FunctionRef<absl::StatusOr<Response>(const std::shared_ptr<rpc::Call>&)>;
  // Establishes who asks (a bearer token, or a client's certificate with whom it forwards), lets
  // them in by the rule of `method` (Gate::RegisterHttp) or refuses, runs `work` and ends the call:
  // behind the stream where the answer has one, which holds the call open. What `work` returns as
  // an error, or throws, is answered by ErrorResponse.
  Response Serve(const Request& request, std::string_view method, Work work) const;

 private:
  const rpc::Door& door_;
};

// The answer to a failure: its message in plain text, nothing of a fault on our side. Codes by what
// the caller should do next.
Response ErrorResponse(const absl::Status& status);

}  // namespace tongjian::web
