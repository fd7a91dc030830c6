// Words that stand for a master patient, as registry has told.
#pragma once

#include <string>

#include "common/base/status.h"
#include "common/store/session.h"
#include "common/store/transaction.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// From now on these words stand for that patient.
absl::Status LinkWords(store::Transaction& tx, const Patient& words, const std::string& patient_id);
// The master patient of these words, or empty.
absl::StatusOr<std::string> PatientOf(store::Session& session, const Patient& words);

}  // namespace tongjian::orders
