// absl::Status with its detail, to the wire and back.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "tongjian/common/v1/error.pb.h"

namespace grpc {
class Status;
}

namespace tongjian::rpc {

// The code and message, and a common.v1.ErrorDetail (reason, field, retryable, request id) in
// grpc-status-details-bin. A message that is too long is cut; control characters become spaces.
grpc::Status ToGrpc(const absl::Status& status, std::string_view request_id);
// The inverse: a status whose base::DetailOf has reason and field again.
absl::Status FromGrpc(const grpc::Status& status);

// "ETAG_MISMATCH" <-> ERROR_REASON_ETAG_MISMATCH; unknown names are UNSPECIFIED.
common::v1::ErrorReason ReasonOf(const absl::Status& status);

}  // namespace tongjian::rpc
