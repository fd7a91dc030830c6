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

// Whether the hub says by it that the patient refuses that this facility sees the result: it has an
// id and nothing else (tongjian.exchange.v1.ResultEvent).
bool IsWithheld(const exchange::v1::Result& result);
exchange::v1::Result WithheldResult(const std::string& id);

// Keeps a result and announces it to the clinic, once for each version; an older one changes
// nothing. True when it was news. After ForgetResultVersions whatever differs is news, and versions
// that differ go to the drop folder again. One that is withheld takes the copy's place, is announced
// once, and is as unknown to all below until it comes whole again.
absl::StatusOr<bool> ApplyResult(store::Transaction& tx, const std::string& facility_id,
                                 const exchange::v1::Result& result);
// The hub was restored from a backup: its older versions count from now on.
absl::Status ForgetResultVersions(store::Transaction& tx);
absl::StatusOr<std::optional<exchange::v1::Result>> FindResult(store::Session& session,
                                                               const std::string& id);
// Whether it was here and is withheld now: older events must not show it either.
absl::StatusOr<bool> WithheldHere(store::Session& session, const std::string& id);
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
