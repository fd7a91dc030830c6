// The clinic's orders on the gateway: written here, or as the hub's feed says. All SQL of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/transaction.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::edge {

struct ClinicOrder {
  orders::v1::Order order;
  bool at_hub = false;     // Else the hub does not have it yet and its id is ours.
  bool canceling = false;  // A cancel is on its way to the hub.
};

// Which orders a list asks for; empty means any.
struct ClinicOrderFilter {
  std::string patient_id;
  std::optional<int64_t> from;  // Microseconds, of create_time.
  std::optional<int64_t> to;
};

// Where a page ended: newest first.
struct OrderPosition {
  int64_t created = INT64_MAX;
  std::string id = "~";
};

// A new order of this gateway.
absl::Status InsertOrder(store::Transaction& tx, const orders::v1::Order& order);
// Writes an order of this gateway that the hub does not have yet.
absl::Status UpdateLocal(store::Transaction& tx, const ClinicOrder& order);
// The hub's order replaces the local copy (by accession number), the same under the id that a hub
// restored from a backup has forgotten, or its own older version; an older one changes nothing.
// While a cancel is on its way the order stays cancelled. Objects that wait get its priority.
absl::Status ApplyHubOrder(store::Transaction& tx, const orders::v1::Order& order);
// The hub has refused the cancel: its order counts again.
absl::Status ForgetCancel(store::Transaction& tx, const std::string& id);
// The hub was restored from a backup: its older versions count from now on.
absl::Status ForgetVersions(store::Transaction& tx);
// An order that the hub had and that is cancelled here stays so until the hub has heard of it
// (again); nothing for any other.
absl::StatusOr<std::optional<ClinicOrder>> KeepCanceled(store::Transaction& tx,
                                                        const std::string& id);
// The hub has refused the order itself.
absl::Status NoteRefusal(store::Transaction& tx, const std::string& id, std::string_view why);

// By the hub's id or ours.
absl::StatusOr<std::optional<ClinicOrder>> FindOrder(store::Session& session,
                                                     const std::string& id);
absl::StatusOr<std::optional<ClinicOrder>> FindByAccession(store::Session& session,
                                                           const std::string& accession_number);
// The newest that gave the study out or has it.
absl::StatusOr<std::optional<ClinicOrder>> FindByStudy(store::Session& session,
                                                       const std::string& study_uid);
absl::StatusOr<std::optional<ClinicOrder>> FindByPlacer(store::Session& session,
                                                        const std::string& placer_number);
// The hub's id for an id the HIS may have from us; nothing while the hub does not have the order.
absl::StatusOr<std::optional<std::string>> HubIdOf(store::Session& session, const std::string& id);

// Newest first, after `after`.
absl::StatusOr<std::vector<ClinicOrder>> ListOrders(store::Session& session,
                                                    const ClinicOrderFilter& filter,
                                                    const OrderPosition& after, int64_t limit);
// Orders on the worklist, newest first, made since `since`.
absl::StatusOr<std::vector<ClinicOrder>> OpenOrders(store::Session& session, absl::Time since,
                                                    const OrderPosition& after, int64_t limit);
absl::StatusOr<int64_t> CountPending(store::Session& session);

struct OrderedPriority {
  int priority = 0;        // 0 where no order names it.
  bool by_clinic = false;  // An order of the clinic's says so, not the hub's provisional one alone.
};
// Of the orders that name this study or accession number.
absl::StatusOr<OrderedPriority> PriorityFor(store::Session& session, const std::string& study_uid,
                                            const std::string& accession_number);

// Cancelled, or answered by an earlier result.
bool IsOver(const orders::v1::Order& order);
// Whether the order has an exam that a device may take.
bool OnWorklist(const orders::v1::Order& order);
bool OnWorklist(const orders::v1::Order& order, const orders::v1::OrderItem& item);

}  // namespace tongjian::edge
