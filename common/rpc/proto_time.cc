#include "common/rpc/proto_time.h"

#include <algorithm>

#include "common/base/status.h"

namespace tongjian::rpc {
namespace {

// The limits of google.protobuf.Timestamp and Duration.
const absl::Time kFirst = absl::FromUnixSeconds(-62135596800);
const absl::Time kLast = absl::FromUnixMicros(253402300799999999);
constexpr int64_t kDurationSecondsMax = 315576000000;
// What a caller may write: a birth under the last emperor, but no year 1.
const absl::Time kEarliestStated = absl::FromUnixSeconds(-2208988800);
constexpr int32_t kNanosEnd = 1'000'000'000;

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(std::clamp(time, kFirst, kLast));
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {  // Nanoseconds count forward, before 1970 too.
    --seconds;
    rest += 1'000'000;
  }
  google::protobuf::Timestamp proto;
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(rest * 1000));
  return proto;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  const absl::Duration limit = absl::Seconds(kDurationSecondsMax);
  absl::Duration rest = std::clamp(duration, -limit, limit);
  google::protobuf::Duration proto;
  proto.set_seconds(absl::IDivDuration(rest, absl::Seconds(1), &rest));
  proto.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  return proto;
}

absl::Time FromProto(const google::protobuf::Timestamp& time) {
  const int32_t nanos = std::clamp(time.nanos(), 0, kNanosEnd - 1);
  return std::clamp(absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(nanos), kFirst,
                    kLast);
}

absl::Duration FromProto(const google::protobuf::Duration& duration) {
  const int64_t seconds = std::clamp(duration.seconds(), -kDurationSecondsMax, kDurationSecondsMax);
  return absl::Seconds(seconds) +
         absl::Nanoseconds(std::clamp(duration.nanos(), 1 - kNanosEnd, kNanosEnd - 1));
}

absl::StatusOr<absl::Time> CheckedTime(const google::protobuf::Timestamp& time,
                                       std::string_view field) {
  const absl::Time value = absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
  const bool well_formed = time.nanos() >= 0 && time.nanos() < kNanosEnd;
  if (!well_formed || value < kEarliestStated || value > kLast) {
    return base::InvalidField(field, "must be a time of the years 1900 to 9999");
  }
  return value;
}

absl::StatusOr<absl::Duration> CheckedDuration(const google::protobuf::Duration& duration,
                                               absl::Duration max, std::string_view field) {
  const absl::Duration value =
      absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
  if (value < absl::ZeroDuration() || value > max || duration.nanos() < 0 ||
      duration.nanos() >= kNanosEnd) {
    return base::InvalidField(field, "must be between 0 s and " + absl::FormatDuration(max));
  }
  return value;
}

}  // namespace tongjian::rpc
