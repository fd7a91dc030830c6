// The SQL of deliveries and of the lanes they wait in, one lane a destination. Internal to
// common/store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/delivery.h"

namespace tongjian::store {

// A pending delivery at the end of its lane.
absl::Status InsertDelivery(Transaction& transaction, const std::string& queue,
                            std::string_view destination, std::string_view kind,
                            std::string_view payload);

// Times in a lane that lie further ahead than anyone writes them were written before the clock was
// set back: they count as past.
struct LaneTimes {
  absl::Time now;
  absl::Time ready_max;
  absl::Time lease_max;
};

// Lanes with something pending that are free and due, longest due first.
absl::StatusOr<std::vector<std::string>> DueLanes(Session& session, const std::string& queue,
                                                  const LaneTimes& times, int64_t limit);
// Takes a lane under the next fence; nothing when another took it or it is empty.
absl::StatusOr<std::optional<DeliveryLease>> LeaseLane(Transaction& transaction,
                                                       const std::string& queue,
                                                       const std::string& destination,
                                                       const LaneTimes& times, absl::Duration ttl);
// Goes on with the lane's next delivery under the same fence; nothing when it is empty. These
// three: ABORTED when the lease was lost.
absl::StatusOr<std::optional<DeliveryLease>> KeepLane(Transaction& transaction,
                                                      const std::string& queue,
                                                      const DeliveryLease& lease,
                                                      absl::Duration ttl);
absl::Status RenewLane(Transaction& transaction, const std::string& queue,
                       const DeliveryLease& lease, absl::Duration ttl);
absl::Status FreeLane(Transaction& transaction, const std::string& queue,
                      const DeliveryLease& lease, absl::Time ready_at);

absl::Status CloseDelivery(Transaction& transaction, const Delivery& delivery, DeliveryState state,
                           const absl::Status& outcome);
absl::Status PostponeDelivery(Transaction& transaction, const Delivery& delivery,
                              absl::Time next_at, const absl::Status& outcome);
// A done or failed delivery becomes pending again.
absl::Status ReopenDelivery(Transaction& transaction, const std::string& queue,
                            const Delivery& delivery);

absl::StatusOr<std::optional<Delivery>> FindDelivery(Session& session, const std::string& queue,
                                                     int64_t id);
absl::StatusOr<std::vector<Delivery>> ListDeliveries(Session& session, const std::string& queue,
                                                     DeliveryState state,
                                                     const std::optional<std::string>& destination,
                                                     int64_t after, int64_t limit);
absl::StatusOr<std::vector<DeliveryStats>> CountDeliveries(Session& session,
                                                           const std::string& queue, int64_t limit);

}  // namespace tongjian::store
