#include "common/rpc/outcome.h"

#include <grpcpp/server_context.h>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/rpc/identity.h"
#include "common/telemetry/log.h"

namespace tongjian::rpc {

void AddTrailers(grpc::ServerContextBase* context, const std::string& request_id,
                 const absl::Status& outcome, absl::Duration retry_after) {
  context->AddTrailingMetadata(kRequestIdMetadata, request_id);
  if (base::DetailOf(outcome).reason == "OVERLOADED") {
    context->AddTrailingMetadata("retry-after-ms",
                                 absl::StrCat(absl::ToInt64Milliseconds(retry_after)));
  }
}

namespace {

bool IsFault(absl::StatusCode code) {
  return code == absl::StatusCode::kInternal || code == absl::StatusCode::kUnknown ||
         code == absl::StatusCode::kDataLoss;
}

}  // namespace

void LogOutcome(const MethodRule& rule, const security::Caller& caller,
                const absl::Status& outcome) {
  if (outcome.ok()) return;
  telemetry::Log(
      IsFault(outcome.code()) ? telemetry::Level::kError : telemetry::Level::kInfo, "call_failed",
      {{"method", rule.method}, {"caller", security::Describe(caller)}, {"status", outcome}});
}

bool BelongsInTrail(const MethodRule& rule, const absl::Status& outcome) {
  if (base::DetailOf(outcome).reason == "OVERLOADED") return false;
  return rule.patient_data || rule.anonymous ||
         outcome.code() == absl::StatusCode::kUnauthenticated ||
         outcome.code() == absl::StatusCode::kPermissionDenied;
}

absl::Status TrailBroken(const absl::Status& cause) {
  if (base::DetailOf(cause).reason == "STORAGE_FULL") {
    return base::Error(absl::StatusCode::kResourceExhausted, "STORAGE_FULL", "",
                       "the audit trail has no room: nothing is done without it");
  }
  return base::Unavailable("INTERNAL", "the audit trail cannot be written now: try again later");
}

}  // namespace tongjian::rpc
