// Results for this clinic, as the hub published them: kept here for its HIS.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/transaction.h"
#include "tongjian/exchange/v1/result.pb.h"

namespace tongjian::edge {

// The stream of the gateway's database that its HIS pulls.
inline constexpr char kResultStream[] = "results";

// Where a page ended: newest first.
struct ResultPosition {
  int64_t updated = INT64_MAX;
  std::string id = "~";
};

// Keeps a result and announces it to the clinic, once for each version; an older one changes
// nothing. True when it was news. After ForgetResultVersions whatever differs is news, and versions
// that differ go to the drop folder again.
absl::StatusOr<bool> ApplyResult(store::Transaction& tx, const std::string& facility_id,
                                 const exchange::v1::Result& result);
// The hub was restored from a backup: its older versions count from now on.
absl::Status ForgetResultVersions(store::Transaction& tx);
absl::StatusOr<std::optional<exchange::v1::Result>> FindResult(store::Session& session,
                                                               const std::string& id);
// Of a patient or of an order (by the hub's id), newest first, after `after`.
absl::StatusOr<std::vector<exchange::v1::Result>> ListOfPatient(store::Session& session,
                                                                const std::string& patient_id,
                                                                const ResultPosition& after,
                                                                int64_t limit);
absl::StatusOr<std::vector<exchange::v1::Result>> ListOfOrder(store::Session& session,
                                                              const std::string& order_id,
                                                              const ResultPosition& after,
                                                              int64_t limit);
// The newest version number that went to the drop folder; 0 for none.
absl::StatusOr<int64_t> DroppedVersion(store::Session& session, const std::string& id);
absl::Status SetDropped(store::Transaction& tx, const std::string& id, int64_t number);

}  // namespace tongjian::edge
