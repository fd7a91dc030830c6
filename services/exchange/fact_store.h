// What the other services have said, as far as results need it. Every function runs within the caller's transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/exchange/words_store.h"
#include "tongjian/imaging/v1/study.pb.h"
#include "tongjian/orders/v1/order.pb.h"
#include "tongjian/reading/v1/report.pb.h"

namespace tongjian::exchange {

// What a report waits for.
struct Wait {
  bool waiting = false;  // For news of its patient or for a release.
  bool held = false;     // A final version is kept back meanwhile.
};

// Stateless. Keep...: false when the same or a later version is there already. The rows are the service's own copies of
// facts and are given to nobody, so they take no scope.
class FactStore {
 public:
  static absl::StatusOr<bool> KeepOrder(store::Transaction& tx, const orders::v1::Order& order);
  static absl::StatusOr<bool> KeepStudy(store::Transaction& tx, const imaging::v1::Study& study);
  static absl::StatusOr<bool> KeepReport(store::Transaction& tx, const reading::v1::Report& report);

  // A report whose publication waits is found by its patient's words.
  static absl::Status SetWaiting(store::Transaction& tx, const std::string& report_id, const Wait& wait,
                                 const Words& words);
  static absl::StatusOr<int64_t> CountHeld(store::Session& session);

  static absl::StatusOr<std::optional<reading::v1::Report>> FindReport(store::Session& session,
                                                                       const std::string& id);
  // The orders a report answers, those that are known; in place of a provisional one the order it was bound to.
  static absl::StatusOr<std::vector<orders::v1::Order>> OrdersOf(store::Session& session,
                                                                 const reading::v1::Report& report);
  // The studies a report reads; where it names none that is known, those of its orders.
  static absl::StatusOr<std::vector<imaging::v1::Study>> StudiesOf(store::Session& session,
                                                                   const reading::v1::Report& report);

  static absl::StatusOr<std::vector<std::string>> ReportsOfOrder(store::Session& session,
                                                                 const std::string& order_id);
  static absl::StatusOr<std::vector<std::string>> ReportsOfStudy(store::Session& session,
                                                                 const imaging::v1::Study& study);
  static absl::StatusOr<std::vector<std::string>> WaitingReports(store::Session& session, const Words& words);
};

}  // namespace tongjian::exchange
