#include "common/base/status.h"

#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace tongjian::base {
namespace {

constexpr char kDetailUrl[] = "tongjian/detail";

bool Retryable(absl::StatusCode code) {
  return code == absl::StatusCode::kUnavailable || code == absl::StatusCode::kResourceExhausted ||
         code == absl::StatusCode::kAborted || code == absl::StatusCode::kDeadlineExceeded;
}

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view field,
                   std::string_view message) {
  absl::Status status(code, View(message));
  status.SetPayload(kDetailUrl, absl::Cord(absl::StrCat(View(reason), "\n", View(field))));
  return status;
}

absl::Status InvalidField(std::string_view field, std::string_view message) {
  return Error(absl::StatusCode::kInvalidArgument, "INVALID_FIELD", field, message);
}

absl::Status NotFound(std::string_view what) {
  return Error(absl::StatusCode::kNotFound, "NOT_FOUND", "", absl::StrCat(View(what), " not found"));
}

absl::Status Conflict(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kFailedPrecondition, reason, "", message);
}

absl::Status Unavailable(std::string_view reason, std::string_view message) {
  return Error(absl::StatusCode::kUnavailable, reason, "", message);
}

ErrorDetail DetailOf(const absl::Status& status) {
  ErrorDetail detail;
  detail.retryable = Retryable(status.code());
  if (auto payload = status.GetPayload(kDetailUrl)) {
    const std::vector<std::string> parts = absl::StrSplit(std::string(*payload), absl::MaxSplits('\n', 1));
    detail.reason = parts[0];
    if (parts.size() > 1) detail.field = parts[1];
  }
  return detail;
}

}  // namespace tongjian::base
