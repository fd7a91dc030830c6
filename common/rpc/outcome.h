// What becomes of a call's outcome: trailers, log, trail. Internal to common/rpc.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/access_table.h"
#include "common/security/caller.h"

namespace grpc {
class ServerContextBase;
}

namespace tongjian::rpc {

// The request id, and after a refusal for load when to come back.
void AddTrailers(grpc::ServerContextBase* context, const std::string& request_id,
                 const absl::Status& outcome, absl::Duration retry_after);

// One line for what failed: an error for our faults, else for information.
void LogOutcome(const MethodRule& rule, const security::Caller& caller,
                const absl::Status& outcome);

// Refusals and whatever shows or changes patients' data; log-ins and enrollments, which open the
// way to them. A refusal for load is counted only: a peer must not be able to fill the trail by
// calling too often.
bool BelongsInTrail(const MethodRule& rule, const absl::Status& outcome);

// The answer instead of data that could not be put on record: RESOURCE_EXHAUSTED (STORAGE_FULL) when
// `cause` is that, else UNAVAILABLE.
absl::Status TrailBroken(const absl::Status& cause);

}  // namespace tongjian::rpc
