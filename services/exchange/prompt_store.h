// Prompts: an exam about to be ordered at a visit, for which there is an earlier result.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/exchange/words_store.h"
#include "tongjian/exchange/v1/recognition.pb.h"

namespace tongjian::exchange {

struct Prompt {
  std::string id;
  std::string facility_id;
  std::string visit_key;  // Visit, patient and exam: one prompt for each.
  Words words;
  std::string patient_id;
  std::string recognition_code;
  std::string encounter;
  bool counted = false;     // It was shown at ordering, and a result counted; or somebody decided on it.
  std::string decision_id;  // The decision that holds, or empty.
  std::optional<absl::Time> ignore_at;
  v1::ItemVerdict verdict;  // Its candidates' results are reduced to id, performing facility and state.
};

// Stateless. Out of scope is NOT_FOUND.
class PromptStore {
 public:
  static absl::Status Put(store::Transaction& tx, const Prompt& prompt);
  static absl::StatusOr<Prompt> Find(store::Session& session, const security::Scope& scope, const std::string& id);
  static absl::StatusOr<std::optional<Prompt>> FindByVisit(store::Session& session, const security::Scope& scope,
                                                           const std::string& facility_id,
                                                           const std::string& visit_key);
  // Ids of prompts nobody decided on in time.
  static absl::StatusOr<std::vector<std::string>> Overdue(store::Session& session, const security::Scope& scope,
                                                          absl::Time now, int64_t limit);
  // These words now stand for that patient, in prompts and in the decisions on them.
  static absl::Status Relink(store::Transaction& tx, const Words& words, const std::string& patient_id);
};

}  // namespace tongjian::exchange
