// What doctors decide on prompts, and what is counted for it.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/database.h"
#include "services/exchange/asked.h"
#include "services/exchange/decision_store.h"
#include "services/exchange/prompt_store.h"
#include "services/exchange/registry_facts.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::exchange {

// Safe for concurrent use; what it is given must outlive it. Counts are append only: whatever is undone is taken off by
// an entry of its own.
class Decisions {
 public:
  Decisions(store::Database& database, FactSource facts, base::Ids& ids)
      : database_(database), facts_(std::move(facts)), ids_(ids) {}

  // NOT_FOUND for a prompt of another facility; FAILED_PRECONDITION (STATE_NOT_ALLOWED) when it is decided already or the result was
  // retracted; INVALID_ARGUMENT where the decision does not say what it must (ruling.h) or its result is no candidate.
  absl::StatusOr<v1::Decision> Record(const Asked& asked, const v1::Decision& wanted) const;
  absl::StatusOr<v1::Decision> Revoke(const Asked& asked, const std::string& id, const std::string& reason) const;

  // Notes that prompts were not answered in time, at most `limit`; returns how many.
  absl::StatusOr<int64_t> IgnoreOverdue(absl::Time now, int64_t limit) const;

  // An order for an exam whose earlier result was accepted takes that saving back, the first time.
  absl::Status Rebound(store::Transaction& tx, const orders::v1::Order& order) const;
  // These words now stand for that patient.
  absl::Status Relink(store::Transaction& tx, const Words& words, const std::string& patient_id) const {
    return PromptStore::Relink(tx, words, patient_id);
  }
  // Counts a prompt that was shown at ordering.
  absl::Status CountPrompt(store::Transaction& tx, const Prompt& prompt) const;

 private:
  absl::Status Count(store::Transaction& tx, const v1::Decision& decision, Measure measure, int delta,
                     int64_t fen = 0) const;
  // The price that is not charged, and until when the saving can be lost; nothing for a decline.
  absl::StatusOr<std::optional<absl::Time>> Price(store::Transaction& tx, const Prompt& prompt,
                                                  v1::Decision& decision) const;
  absl::Status Replace(store::Transaction& tx, const Prompt& prompt) const;
  absl::StatusOr<v1::Decision> Decide(store::Transaction& tx, const Asked& asked, const v1::Decision& wanted) const;
  absl::Status Ignore(store::Transaction& tx, const std::string& prompt_id) const;

  store::Database& database_;
  const FactSource facts_;
  base::Ids& ids_;
};

}  // namespace tongjian::exchange
