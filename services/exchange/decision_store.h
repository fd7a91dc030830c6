// Decisions and the counts they leave.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/exchange/result_store.h"
#include "tongjian/exchange/v1/recognition.pb.h"

namespace tongjian::exchange {

// What is counted; stored as these numbers.
enum class Measure { kPrompt = 1, kAccepted, kDeclined, kNotCounted, kIgnored, kSaved, kRebound };

// One entry of the append-only counts.
struct Tally {
  std::string id;
  std::string facility_id;
  Measure measure = Measure::kPrompt;
  int delta = 1;
  int64_t fen = 0;
  std::string prompt_id;
  std::string decision_id;
};

struct ListedDecision {
  ListPosition position;
  v1::Decision decision;
};

// Stateless. Out of scope is NOT_FOUND.
class DecisionStore {
 public:
  // Writes a new or changed decision and emits DecisionChanged to the asking and the performing facility. `saving_until`: end of
  // the time in which an order for the same exam takes the saving back; nothing where there is none.
  static absl::Status Put(store::Transaction& tx, const v1::Decision& decision,
                          std::optional<absl::Time> saving_until);
  static absl::Status Count(store::Transaction& tx, const Tally& tally);

  static absl::StatusOr<v1::Decision> Find(store::Session& session, const security::Scope& scope,
                                           const std::string& id);
  // Whether a saving of this decision still stands open.
  static absl::StatusOr<bool> IsSaving(store::Session& session, const std::string& id);
  // Accepted decisions on that exam whose saving is open at `time`.
  static absl::StatusOr<std::vector<v1::Decision>> Savings(store::Session& session, const security::Scope& scope,
                                                           const std::string& patient_id,
                                                           const std::string& recognition_code, absl::Time time,
                                                           int64_t limit);
  // Whether that price was saved at that visit already: a panel is saved once.
  static absl::StatusOr<bool> IsPriced(store::Session& session, const v1::Decision& decision);
  // Newest first; of a facility, of a patient, or all that the scope sees.
  static absl::StatusOr<std::vector<ListedDecision>> List(store::Session& session, const security::Scope& scope,
                                                          const std::string& facility_id,
                                                          const std::string& patient_id,
                                                          const ListPosition& after, int64_t limit);
  static absl::StatusOr<v1::RecognitionCounts> Counts(store::Session& session, const security::Scope& scope,
                                                      const std::string& facility_id, absl::Time from,
                                                      absl::Time to);
};

}  // namespace tongjian::exchange
