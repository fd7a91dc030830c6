// What gateways deliver of their own trails.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/telemetry/metrics.h"
#include "services/audit/chain.h"
#include "services/audit/heads.h"
#include "services/audit/trail_store.h"
#include "tongjian/audit/v1/audit.pb.h"

namespace tongjian::audit {

// A delivered record as it is chained.
struct SealedRecord {
  std::string record;  // A tongjian.audit.v1.AuditRecord with its `delivery` filled in.
  EntryIndex index;
  std::string digest;  // Of facility and delivered bytes: whenever it comes, it is this record.
};

// The source of a gateway's entries: "edge.audit@<facility>".
std::string DeliverySource(std::string_view facility_id);

// What the gateway of `facility_id` may say of itself, its machines and its people it has said;
// anything about others becomes its claim. Bytes that are no record, or one with ids that could not
// be stored, are kept as they are. Pure.
SealedRecord Seal(std::string_view facility_id, std::string_view bytes, absl::Time received);

// Chains what gateways deliver, and compares the chain with what they know of it: a gateway is the
// elsewhere where heads are kept. Safe for concurrent use; what it is given must outlive it.
class Deliveries {
 public:
  Deliveries(TrailStore& store, const Heads& heads, const base::Clock& clock,
             telemetry::Registry& metrics);

  // `facility_id`: of the gateway's certificate. INVALID_ARGUMENT beyond the limits of
  // AppendRecordsRequest; nothing is appended then.
  absl::StatusOr<v1::AppendRecordsResponse> Append(std::string_view facility_id,
                                                   const v1::AppendRecordsRequest& request);

 private:
  absl::StatusOr<bool> Rewound(std::string_view facility_id,
                               const v1::AppendRecordsRequest& request);
  absl::StatusOr<bool> Contradicts(std::string_view facility_id, const v1::SignedHead& known);

  TrailStore& store_;
  const Heads& heads_;
  const base::Clock& clock_;
  telemetry::Counter& appended_;
  telemetry::Counter& repeated_;
  telemetry::Counter& contradicted_;
};

}  // namespace tongjian::audit
