// Which studies imaging has linked to which orders, in the database.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/store/transaction.h"

namespace tongjian::orders {

struct StudyLink {
  std::string study_id;
  std::string study_instance_uid;
  std::string order_id;
};

// The orders imaging has said the study belongs to, at most 50.
absl::StatusOr<std::vector<std::string>> OrdersLinkedTo(store::Session& session,
                                                        const std::string& study_id);
// Whether any study with this UID is linked to the order.
absl::StatusOr<bool> IsLinked(store::Session& session, const std::string& study_instance_uid,
                              const std::string& order_id);
absl::Status PutStudyLink(store::Transaction& tx, const StudyLink& link);
absl::Status RemoveStudyLink(store::Transaction& tx, const StudyLink& link);

}  // namespace tongjian::orders
