// The rows that say whose a fact is in which the facility gave no number.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::store {
class Session;
class Transaction;
}  // namespace tongjian::store

namespace tongjian::registry {

enum class FactKind { kOrder = 1, kStudy = 2 };

struct PatientFact {
  FactKind kind = FactKind::kOrder;
  std::string id;
  // As it was said.
  std::string facility_id;
  std::string name;
  std::string birth_date;
  std::string study_uid;  // Studies only.
  std::string order_id;   // Studies only: the order through which it is whose; empty: by itself.
  std::string patient_id;
  std::string current_id;
};

absl::StatusOr<std::optional<PatientFact>> FindFact(store::Session& session, FactKind kind,
                                                    std::string_view id);
// A study that is whose through this order, or else was recorded at the facility under this UID.
absl::StatusOr<std::optional<PatientFact>> FindStudyOfOrder(store::Session& session,
                                                            std::string_view order_id);
absl::StatusOr<std::optional<PatientFact>> FindStudyByUid(store::Session& session,
                                                          std::string_view facility_id,
                                                          std::string_view study_uid);

absl::Status PutFact(store::Transaction& tx, const PatientFact& fact);
absl::Status DropFact(store::Transaction& tx, FactKind kind, std::string_view id);

// All that count for the patient, at most 10,000.
absl::StatusOr<std::vector<PatientFact>> FactsFor(store::Session& session,
                                                  std::string_view patient_id);

// Facts that count for `source_id` count for `target_id` from now on.
absl::Status JoinFacts(store::Transaction& tx, std::string_view source_id,
                       std::string_view target_id);
// Facts resolved to `patient_id` count for `current_id` again.
absl::Status ReturnFacts(store::Transaction& tx, std::string_view patient_id,
                         std::string_view current_id);

}  // namespace tongjian::registry
