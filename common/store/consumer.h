// What a follower of another service's feed remembers: how far it is, and what it could not use
// yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/event.h"
#include "common/store/transaction.h"

namespace tongjian::store {

// Events one feed may have parked; one more is refused with RESOURCE_EXHAUSTED.
inline constexpr int64_t kParkedMax = 100'000;

// The cursor saved for `feed`, empty at the beginning. Save it in the transaction of the event's
// effect.
absl::StatusOr<std::string> LoadCursor(Session& session, std::string_view feed);
absl::Status SaveCursor(Transaction& transaction, std::string_view feed, std::string_view cursor);

// Keeps an event that refers to `reference`, which this service has not seen yet.
absl::Status Park(Transaction& transaction, std::string_view feed, std::string_view reference,
                  const Event& event);

// Removes and returns the events of `feed` that wait for `reference`, oldest first, at most
// `limit`.
absl::StatusOr<std::vector<Event>> TakeParked(Transaction& transaction, std::string_view feed,
                                              std::string_view reference, int64_t limit);

// Whether an event of `feed` waits for `reference`.
absl::StatusOr<bool> HasParked(Session& session, std::string_view feed, std::string_view reference);

// The references that events of `feed` wait for, in the order of their text, after `after`, at most
// `limit`.
absl::StatusOr<std::vector<std::string>> ParkedReferences(Session& session, std::string_view feed,
                                                          std::string_view after, int64_t limit);

struct ParkedStats {
  int64_t count = 0;
  absl::Time oldest;  // InfiniteFuture when there is none
};
absl::StatusOr<ParkedStats> CountParked(Session& session, std::string_view feed);

}  // namespace tongjian::store
