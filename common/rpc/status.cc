#include "common/rpc/status.h"

#include <grpcpp/support/status.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/text.h"

namespace tongjian::rpc {
namespace {

constexpr char kReasonPrefix[] = "ERROR_REASON_";
// Message and detail both travel in trailers, which peers limit to 8 kB.
constexpr size_t kMessageBytesMax = 1024;

std::string NameOf(common::v1::ErrorReason reason) {
  if (reason == common::v1::ERROR_REASON_UNSPECIFIED) return {};
  const std::string& name = common::v1::ErrorReason_Name(reason);
  return name.substr(std::min(name.size(), sizeof kReasonPrefix - 1));
}

}  // namespace

common::v1::ErrorReason ReasonOf(const absl::Status& status) {
  common::v1::ErrorReason reason = common::v1::ERROR_REASON_UNSPECIFIED;
  common::v1::ErrorReason_Parse(absl::StrCat(kReasonPrefix, base::DetailOf(status).reason),
                                &reason);
  return reason;
}

grpc::Status ToGrpc(const absl::Status& status, std::string_view request_id) {
  if (status.ok()) return grpc::Status::OK;
  const base::ErrorDetail known = base::DetailOf(status);
  common::v1::ErrorDetail detail;
  detail.set_reason(ReasonOf(status));
  detail.set_field(OneLine(known.field, kMessageBytesMax));
  detail.set_retryable(known.retryable);
  detail.set_request_id(std::string(request_id));

  common::v1::Status wire;
  wire.set_code(static_cast<int>(status.code()));
  wire.set_message(OneLine({status.message().data(), status.message().size()}, kMessageBytesMax));
  wire.add_details()->PackFrom(detail);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), wire.message(),
                      wire.SerializeAsString());
}

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  common::v1::Status wire;
  common::v1::ErrorDetail detail;
  if (!status.error_details().empty() && wire.ParseFromString(status.error_details()) &&
      wire.details_size() > 0 && wire.details(0).UnpackTo(&detail)) {
    return base::Error(code, NameOf(detail.reason()), detail.field(), status.error_message());
  }
  return absl::Status(code, status.error_message());
}

}  // namespace tongjian::rpc
