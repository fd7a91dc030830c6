// Times and durations of absl and protobuf.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace tongjian::rpc {

// Truncated to microseconds, which is what the store keeps; times outside the years 1 to 9999
// become those ends.
google::protobuf::Timestamp ToProto(absl::Time time);
google::protobuf::Duration ToProto(absl::Duration duration);

// What our own services wrote; nonsense becomes the nearest valid value.
absl::Time FromProto(const google::protobuf::Timestamp& time);
absl::Duration FromProto(const google::protobuf::Duration& duration);

// What a caller wrote: INVALID_ARGUMENT on `field` when it is outside the years 1900 to 9999 or
// malformed.
absl::StatusOr<absl::Time> CheckedTime(const google::protobuf::Timestamp& time,
                                       std::string_view field);
// As above, outside [0, max].
absl::StatusOr<absl::Duration> CheckedDuration(const google::protobuf::Duration& duration,
                                               absl::Duration max, std::string_view field);

}  // namespace tongjian::rpc
