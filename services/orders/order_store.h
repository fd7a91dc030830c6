// The tables of orders. Every function runs within the caller's session or transaction.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/session.h"
#include "common/store/transaction.h"
#include "services/orders/order.h"

namespace tongjian::orders {

// Reads and writes orders with their facilities, studies, worklist rows and timeline. Out of scope
// is NOT_FOUND. It has no state but the hub's zone; safe for concurrent use.
class OrderStore {
 public:
  explicit OrderStore(absl::TimeZone zone) : zone_(zone) {}

  // ALREADY_EXISTS (ALREADY_EXISTS) when the accession number is another order's.
  absl::Status Insert(store::Transaction& tx, const Order& order, const TimelineEntry& entry) const;
  // Replaces `before`; ABORTED when somebody else has written in between.
  absl::Status Update(store::Transaction& tx, const Order& before, const Order& after,
                      const TimelineEntry& entry) const;

  absl::StatusOr<Order> Find(store::Session& session, const security::Scope& scope,
                             const std::string& id) const;
  // By our number, or a device's own: the HIS order first, of provisional ones the newest.
  absl::StatusOr<Order> FindByAccession(store::Session& session, const security::Scope& scope,
                                        const std::string& accession_number) const;
  // The newest with that number of that facility.
  absl::StatusOr<Order> FindByPlacer(store::Session& session, const security::Scope& scope,
                                     const std::string& facility_id,
                                     const std::string& placer_order_number) const;

  // Orders that name the study and are recorded at the facility, newest first, at most 50.
  absl::StatusOr<std::vector<Order>> NamingStudy(store::Session& session,
                                                 const security::Scope& scope,
                                                 const std::string& facility_id,
                                                 const std::string& study_instance_uid) const;
  // Orders with the accession number of one ordering facility: the HIS order and unbound
  // provisional ones.
  absl::StatusOr<std::vector<Order>> WithAccession(store::Session& session,
                                                   const security::Scope& scope,
                                                   const std::string& facility_id,
                                                   const std::string& accession_number) const;
  absl::StatusOr<std::vector<Order>> ProvisionalWithAccession(
      store::Session& session, const security::Scope& scope, const std::string& facility_id,
      const std::string& accession_number) const;
  // Orders whose patient is said in exactly these words and linked to another master patient than
  // `patient_id`, at most `limit`.
  absl::StatusOr<std::vector<Order>> WithWords(store::Session& session,
                                               const security::Scope& scope, const Patient& words,
                                               const std::string& patient_id, int64_t limit) const;
  // Submitted orders without a center behind `after_id`, by id, at most `limit`.
  absl::StatusOr<std::vector<Order>> Unrouted(store::Session& session, const security::Scope& scope,
                                              const std::string& after_id, int64_t limit) const;

  // Orders in `state` whose last change lies after `time`, whoever's they are, at most `limit`.
  absl::StatusOr<std::vector<Order>> ChangedAfter(store::Session& session, State state,
                                                  absl::Time time, int64_t limit) const;

  // The timeline behind a sequence number, oldest first.
  absl::StatusOr<std::vector<TimelineEntry>> Timeline(store::Session& session,
                                                      const security::Scope& scope,
                                                      const std::string& id, int64_t after,
                                                      int64_t limit) const;

  // Open work by center.
  absl::StatusOr<std::map<std::string, int64_t, std::less<>>> CountLoad(
      store::Session& session) const;

  // Whether this version of a source's news is newer than what was applied, and remembers it.
  absl::StatusOr<bool> IsNews(store::Transaction& tx, const std::string& source,
                              const std::string& key, int64_t version) const;

 private:
  absl::StatusOr<std::vector<Order>> Visible(absl::StatusOr<std::vector<store::Row>> rows,
                                             const security::Scope& scope) const;
  const absl::TimeZone zone_;
};

// An order out of the columns `record, patient_id`.
Order OrderOf(const store::Row& row);
// Whether the scope sees it.
bool Sees(const security::Scope& scope, const Order& order);

}  // namespace tongjian::orders
