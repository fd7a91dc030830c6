// Whether what is kept can still be read, and a good copy in the place of a damaged one: sending
// again heals.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "common/blob/store.h"
#include "common/store/database.h"
#include "services/imaging/conflict_store.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// Reads all of a stored object. False when it is damaged or gone; errors when that cannot be told.
absl::StatusOr<bool> IsWhole(blob::Store& blobs, std::string_view locator);

// Whether what that upload brought is kept and whole; true as well when it is not to be found any
// more, for then a second copy would not help.
absl::StatusOr<bool> KeepsWhole(store::Database& database, blob::Store& blobs,
                                const FinishedUpload& upload);

// Whether the object beside an instance is the one with this file digest, or its data set's: the
// later one, or the first once the later took its place.
bool IsAside(const Conflict& conflict, std::string_view digest);

// Makes `good`'s object that of the instance, whose own is damaged; the history of its study says
// so. `study` is how the row stands. The caller removes the damaged object once that is durable.
absl::Status HealInstance(store::Transaction& tx, Study& study, const Instance& damaged,
                          const Instance& good);
// The same for an object that is kept aside.
absl::Status HealConflict(store::Transaction& tx, const Study& study, const Conflict& damaged,
                          const Instance& good);

}  // namespace tongjian::imaging
