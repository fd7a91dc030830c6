// Instances that ended steps name and that have not come: the table `step_awaited`.
#pragma once

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/store/transaction.h"

namespace tongjian::imaging {

// An instance that is awaited already stays so.
absl::Status Await(store::Transaction& tx, std::string_view facility_id,
                   std::string_view study_instance_uid, std::string_view sop_instance_uid);
// It has come; false when nobody awaited it.
absl::StatusOr<bool> EndAwaiting(store::Transaction& tx, std::string_view facility_id,
                                 std::string_view sop_instance_uid);
absl::StatusOr<int64_t> CountAwaited(store::Session& session, std::string_view facility_id,
                                     std::string_view study_instance_uid);

}  // namespace tongjian::imaging
