// What the other services said last, in SQL. For the followers alone: no caller sees it, so it takes no scope.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/reading/facts.h"

namespace tongjian::orders::v1 {
class Order;
}

namespace tongjian::reading {

// False when this version or a later one is known already.
absl::StatusOr<bool> PutOrderFact(store::Transaction& tx, const orders::v1::Order& order);
absl::StatusOr<std::optional<OrderFact>> FindOrderFact(store::Session& session, const std::string& order_id);

absl::StatusOr<bool> PutStudyFact(store::Transaction& tx, const StudyFact& study);
// By id, so that the same studies are always the same list.
absl::StatusOr<std::vector<StudyFact>> StudiesOfOrder(store::Session& session, const std::string& order_id);
absl::StatusOr<std::vector<std::string>> OrdersOfStudy(store::Session& session, const std::string& study_id);
absl::Status SetOrdersOfStudy(store::Transaction& tx, const std::string& study_id,
                              const std::vector<std::string>& order_ids);

absl::Status PutPatientFact(store::Transaction& tx, const Patient& words, const PatientFact& fact);
// Of an order in which the facility gave no number.
absl::Status PutOrderPatient(store::Transaction& tx, const std::string& order_id, const PatientFact& fact);
// By the facility's number and words, else by the order itself.
absl::StatusOr<PatientFact> FindPatientFact(store::Session& session, const OrderFact& order);

}  // namespace tongjian::reading
