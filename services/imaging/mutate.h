// One change on behalf of a call: idempotent by its request_id, with its audit record in the same
// transaction.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/base/status.h"
#include "common/rpc/call.h"
#include "common/security/caller.h"
#include "common/security/digest.h"
#include "common/store/database.h"
#include "common/store/idempotency.h"

namespace tongjian::imaging {

// `work(tx, response)` makes the change and fills the response; `touch(trail, response)` says whose
// data it was. The same request_id with the same content answers the first response.
template <class Request, class Response, class Work, class Touch>
absl::Status Mutate(store::Database& database, rpc::Call& call, const Request& request,
                    Response* response, const Work& work, const Touch& touch) {
  if (request.request_id().empty() || request.request_id().size() > 64) {
    return base::InvalidField("request_id", "a request id has 1 to 64 characters");
  }
  Request content = request;
  content.clear_request_id();
  const store::RequestKey key = {.caller = security::Describe(call.caller()),
                                 .method = call.method(),
                                 .request_id = request.request_id(),
                                 .fingerprint = security::Sha256Text(content.SerializeAsString())};
  return database.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const std::string bytes,
                        store::Once(tx, key, [&]() -> absl::StatusOr<std::string> {
                          response->Clear();
                          TJ_TRY(work(tx, response));
                          return response->SerializeAsString();
                        }));
    if (!response->ParseFromString(bytes))
      return absl::InternalError("a remembered response is damaged");
    touch(call.trail(), *response);
    return call.trail().WriteIn(tx);
  });
}

}  // namespace tongjian::imaging
