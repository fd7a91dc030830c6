// How the gateway is, in numbers and words.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/security/tls.h"
#include "common/store/database.h"
#include "services/edge/clock_store.h"
#include "services/edge/ship_trail.h"
#include "services/edge/spool_store.h"

namespace tongjian::edge {

class Link;
class Outgoing;
class UploadLane;

struct GatewayState {
  bool hub_reachable = false;
  absl::Time last_contact;
  SpoolTotals spool;
  int64_t pending_orders = 0;
  int64_t refused = 0;  // Orders, cancels and acknowledgements that the hub refused.
  int64_t numbers_left = 0;
  absl::Time certificate_expiry;  // InfinitePast when it cannot be read.
  int64_t upload_rate = 0;
  TrailBacklog trail;
  std::vector<DeviceClock> clocks;
};

// What needs attention, in words. Pure.
std::vector<std::string> AlarmsOf(const GatewayState& state, absl::Time now, int64_t numbers_low);

// Reads all of it. Safe for concurrent use; what it is given must outlive it.
class StateReader {
 public:
  StateReader(store::Database& database, Spool& spool, Outgoing& outgoing, const Link& link,
              const UploadLane& lane, ShipTrail& trail, security::CredentialFiles files)
      : database_(database),
        spool_(spool),
        outgoing_(outgoing),
        link_(link),
        lane_(lane),
        trail_(trail),
        files_(std::move(files)) {}
  absl::StatusOr<GatewayState> Read();

 private:
  store::Database& database_;
  Spool& spool_;
  Outgoing& outgoing_;
  const Link& link_;
  const UploadLane& lane_;
  ShipTrail& trail_;
  const security::CredentialFiles files_;
};

}  // namespace tongjian::edge
