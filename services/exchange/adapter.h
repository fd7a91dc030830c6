// What both wire adapters share.
#pragma once

#include <string>

#include "common/rpc/call.h"
#include "services/exchange/asked.h"

namespace google::protobuf {
class Message;
}

namespace tongjian::exchange {

// Who asks, under the request's request_id (a string field of that name, checked) and a fingerprint of the rest.
Asked AskedBy(rpc::Call& call, const google::protobuf::Message& request);

}  // namespace tongjian::exchange
