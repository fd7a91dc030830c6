// Turns reports of our own centers into results, whenever something they rest on has changed.
#pragma once

#include <string>

#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/database.h"
#include "common/store/transaction.h"
#include "common/telemetry/metrics.h"
#include "services/exchange/registry_facts.h"
#include "services/exchange/words_store.h"

namespace tongjian::exchange {

// Safe for concurrent use; `ids` must outlive it.
class Publisher {
 public:
  Publisher(FactSource facts, base::Ids& ids) : facts_(std::move(facts)), ids_(ids) {}

  // Publishes what of the report is due, and brings the result's other words up to date. Again without news: no effect.
  absl::Status Refresh(store::Transaction& tx, const std::string& report_id) const;

  // These words now stand for that patient: results with exactly these words follow, and reports that waited for it.
  absl::Status Relink(store::Transaction& tx, const Words& words, const std::string& patient_id) const;

  // The patient may have been verified: results of our own that waited for it.
  absl::Status RefreshUnconfirmed(store::Transaction& tx, const std::string& patient_id) const;

 private:
  const FactSource facts_;
  base::Ids& ids_;
};

// tongjian_exchange_results_waiting: reports of which a final version is kept back. `database` must outlive the handle.
[[nodiscard]] telemetry::Registry::Watch WatchHeld(telemetry::Registry& metrics, store::Database& database);

}  // namespace tongjian::exchange
