// Looks in an emergency at what a patient refuses to share: kept for review.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/exchange/result_store.h"
#include "tongjian/exchange/v1/recognition.pb.h"

namespace tongjian::exchange {

struct ListedLook {
  ListPosition position;
  v1::EmergencyLook look;
};

// Stateless. Append only.
class EmergencyStore {
 public:
  static absl::Status Put(store::Transaction& tx, const v1::EmergencyLook& look);
  // Newest first; of one facility, or all in scope when empty.
  static absl::StatusOr<std::vector<ListedLook>> List(store::Session& session, const security::Scope& scope,
                                                      const std::string& facility_id, const ListPosition& after,
                                                      int64_t limit);
};

}  // namespace tongjian::exchange
