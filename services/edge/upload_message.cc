#include "services/edge/upload_message.h"

#include "absl/status/status.h"
#include "common/rpc/proto_time.h"

namespace tongjian::edge {

imaging::v1::UploadRequest BeginOf(const SpoolObject& object) {
  imaging::v1::UploadRequest request;
  imaging::v1::UploadBegin& begin = *request.mutable_begin();
  begin.set_upload_id(object.id);
  begin.set_size(object.size);
  begin.set_digest(object.digest);
  begin.set_facility_id(object.facility_id);
  begin.set_device_ae_title(object.device_ae_title);
  begin.set_device_address(object.device_address);
  if (object.device_time) {
    *begin.mutable_time()->mutable_device_time() = rpc::ToProto(*object.device_time);
  }
  *begin.mutable_time()->mutable_receipt_time() = rpc::ToProto(object.receipt_time);
  begin.mutable_time()->set_offset_ms(object.offset_ms);
  begin.mutable_time()->set_implausible(object.implausible);
  begin.set_priority(static_cast<common::v1::Priority>(object.priority));
  return request;
}

bool CanSucceed(const imaging::v1::UploadFailure& failure) {
  switch (static_cast<absl::StatusCode>(failure.code())) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kUnauthenticated:
      return true;
    default:
      return failure.retryable();
  }
}

}  // namespace tongjian::edge
