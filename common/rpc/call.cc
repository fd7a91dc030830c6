#include "common/rpc/call.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/rpc/admission.h"
#include "common/rpc/door.h"
#include "common/rpc/gate.h"
#include "common/rpc/outcome.h"
#include "common/rpc/status.h"
#include "common/telemetry/log.h"

namespace tongjian::rpc {

Call::Call(const Door& door, const MethodRule& rule, grpc::ServerContextBase* context, Entry entry)
    : door_(door),
      rule_(rule),
      context_(context),
      token_issued_(entry.token_issued),
      token_expiry_(entry.token_expiry),
      scope_(std::move(entry.scope)),
      deadline_(entry.deadline),
      began_(entry.began),
      admission_(std::move(entry.admission)),
      trail_(std::move(entry.deed), door.gate_.clock()) {}

Call::~Call() {
  if (!closed_) Settle(absl::CancelledError("the call was given up")).IgnoreError();
}

const base::Clock& Call::clock() const { return door_.gate_.clock(); }

bool Call::cancelled() const { return context_ != nullptr && context_->IsCancelled(); }

absl::Duration Call::TimeLeft(absl::Duration at_most) const {
  // Deadlines are of the machine's clock, whatever the process's clock is in a test.
  return std::clamp(deadline_ - absl::Now(), absl::ZeroDuration(), at_most);
}

absl::Status Call::StillHolds() const {
  return door_.gate_.identity().StillHolds({.caller = trail_.deed().caller,
                                            .request_id = "",
                                            .issued = token_issued_,
                                            .expiry = token_expiry_});
}

absl::Status Call::RecordOpening() {
  absl::Status written = trail_.AppendOpening(door_.sink_);
  if (!written.ok()) door_.gate_.CountAuditFailure();
  return written;
}

absl::Status Call::RecordNow() {
  if (const absl::Status written = trail_.Finish(door_.sink_, absl::OkStatus()); !written.ok()) {
    telemetry::Log(telemetry::Level::kError, "audit_append_failed",
                   {{"method", method()}, {"status", written}});
    door_.gate_.CountAuditFailure();
    return TrailBroken(written);
  }
  trail_.Omit();
  return absl::OkStatus();
}

absl::Status Call::Settle(const absl::Status& outcome) {
  TJ_CHECK(!closed_);
  closed_ = true;
  absl::Status given = outcome;
  if (BelongsInTrail(rule_, outcome)) {
    const absl::Status written = trail_.Finish(door_.sink_, outcome);
    if (!written.ok()) {
      telemetry::Log(telemetry::Level::kError, "audit_append_failed",
                     {{"method", method()}, {"status", written}});
      door_.gate_.CountAuditFailure();
      if (outcome.ok()) given = TrailBroken(written);
    }
  }
  LogOutcome(rule_, caller(), given);
  door_.gate_.CountEnd(rule_, true, given, clock().Elapsed() - began_);
  admission_.reset();
  return given;
}

grpc::Status Call::Close(const absl::Status& outcome) {
  const absl::Status given = Settle(outcome);
  AddTrailers(context_, request_id(), given, door_.gate_.load().limits().retry_after);
  return ToGrpc(given, request_id());
}

}  // namespace tongjian::rpc
