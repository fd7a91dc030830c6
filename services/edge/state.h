// How the gateway is, in numbers and words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/security/tls.h"
#include "common/store/database.h"
#include "services/edge/clock_store.h"
#include "services/edge/progress.h"
#include "services/edge/restore_store.h"
#include "services/edge/ship_trail.h"
#include "services/edge/spool_store.h"

namespace tongjian::edge {

class DropFolder;
class Link;
class Outgoing;
class UploadLane;

struct GatewayState {
  bool hub_reachable = false;
  absl::Time last_contact;
  SpoolTotals spool;
  int64_t pending_orders = 0;
  int64_t refused = 0;  // Orders, cancels and acknowledgements that the hub refused.
  int64_t commitments_failed = 0;  // Requests of devices that could not be told.
  int64_t numbers_left = 0;
  absl::Time certificate_expiry;  // InfinitePast when it cannot be read.
  int64_t upload_rate = 0;
  TrailBacklog trail;
  std::vector<DeviceClock> clocks;
  Progress::Totals progress;
  std::string drop_folder_fault;  // Empty while it can be written.
  std::optional<HubRestore> restore;
};

// What needs attention, in words. Pure.
std::vector<std::string> AlarmsOf(const GatewayState& state, absl::Time now, int64_t numbers_low);

struct StateParts {
  store::Database& database;
  Spool& spool;
  Outgoing& outgoing;
  const DropFolder& drop;
  const Link& link;
  const UploadLane& lane;
  const Progress& progress;
  ShipTrail& trail;
  security::CredentialFiles files;
};

// Reads all of it. Safe for concurrent use; what it is given must outlive it.
class StateReader {
 public:
  explicit StateReader(StateParts parts) : parts_(std::move(parts)) {}
  absl::StatusOr<GatewayState> Read();

 private:
  const StateParts parts_;
};

}  // namespace tongjian::edge
