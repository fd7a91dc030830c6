#include "services/orders/queries.h"

namespace tongjian::orders {
namespace {

// Runs `query` on one snapshot and hands out what it found.
template <typename T, typename Query>
absl::StatusOr<T> ReadFrom(store::Database& database, const Query& query) {
  absl::StatusOr<T> found = absl::InternalError("not read");
  const absl::Status status = database.Read([&](store::Session& session) {
    found = query(session);
    return found.status();
  });
  if (!status.ok()) return status;
  return found;
}

}  // namespace

absl::StatusOr<Order> Queries::Get(const security::Scope& scope, const OrderName& name) const {
  return ReadFrom<Order>(database_, [&](store::Session& session) -> absl::StatusOr<Order> {
    if (!name.id.empty()) return store_.Find(session, scope, name.id);
    if (!name.accession_number.empty())
      return store_.FindByAccession(session, scope, name.accession_number);
    if (name.placer_order_number.empty()) return base::InvalidField("id", "missing");
    return store_.FindByPlacer(session, scope, name.facility_id, name.placer_order_number);
  });
}

absl::StatusOr<std::vector<Order>> Queries::List(const security::Scope& scope,
                                                 const OrderFilter& filter,
                                                 const ListPosition& after, int64_t limit) const {
  return ReadFrom<std::vector<Order>>(database_, [&](store::Session& session) {
    return ListOrders(session, scope, filter, after, limit);
  });
}

absl::StatusOr<std::vector<TimelineEntry>> Queries::Timeline(const security::Scope& scope,
                                                             const std::string& id, int64_t after,
                                                             int64_t limit) const {
  return ReadFrom<std::vector<TimelineEntry>>(database_, [&](store::Session& session) {
    return store_.Timeline(session, scope, id, after, limit);
  });
}

}  // namespace tongjian::orders
