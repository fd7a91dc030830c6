// What the gateway remembers of a hub that lost something: restored from a backup, or a feed that no
// longer has what was missed. All SQL of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/transaction.h"

namespace tongjian::edge {

// Which of the hub's databases has forgotten: the services are restored one by one.
enum class Forgetful { kOrders, kResults };

// One restore of the hub, and how far sending again is.
struct HubRestore {
  absl::Time noticed;
  int64_t after_id = 0;  // Deliveries up to this id have been looked at.
  int64_t resent = 0;
  bool finished = false;
};

// Begins (again, when it was restored twice) to send again.
absl::Status NoteRestore(store::Transaction& tx, Forgetful who);
absl::StatusOr<std::optional<HubRestore>> FindRestore(store::Session& session, Forgetful who);
absl::Status SaveRestore(store::Transaction& tx, Forgetful who, const HubRestore& restore);

// Begins to list the hub's current results from the first page.
absl::Status StartListing(store::Transaction& tx);
// The page to list next; nothing when no listing is under way.
absl::StatusOr<std::optional<std::string>> ListingPage(store::Session& session);
// The page after it; an empty token ends the listing.
absl::Status SaveListing(store::Transaction& tx, const std::string& page_token);

}  // namespace tongjian::edge
