// The rows of what facilities said of their patients.
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

// The words of a fact, exactly as they were said.
struct FactWords {
  std::string facility_id;
  std::string number;
  std::string name;
  std::string birth_date;
};

// Whom the words count for; nothing when they were never resolved.
absl::StatusOr<std::optional<std::string>> FindWords(store::Session& session,
                                                     const FactWords& words);

// The words stand for `patient_id`; says whether that is news.
absl::StatusOr<bool> RememberWords(store::Transaction& tx, const FactWords& words,
                                   std::string_view patient_id);

// All words that count for the patient, at most 10,000.
absl::StatusOr<std::vector<FactWords>> WordsFor(store::Session& session,
                                                std::string_view patient_id);

}  // namespace tongjian::registry
