#include "services/orders/order_list.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "services/orders/order_store.h"

namespace tongjian::orders {
namespace {

// Newest first.
using Key = std::pair<int64_t, std::string>;
using Keys = std::set<Key, std::greater<>>;

struct Query {
  std::string sql;
  std::vector<store::Value> values;

  template <typename... A>
  void And(std::string_view part, const A&... arguments) {
    sql += " and ";
    sql += part;
    (values.push_back(store::ToValue(arguments)), ...);
  }
};

// Which rows a query walks: the narrowest index the filter offers.
enum class Walk { kDesk, kUnbound, kPatient, kOrdering, kCenter, kFacility, kAll };

Walk ChooseWalk(const OrderFilter& filter, bool facility) {
  if (filter.needs_desk) return Walk::kDesk;
  if (filter.unbound) return Walk::kUnbound;
  if (!filter.patient_id.empty()) return Walk::kPatient;
  if (!filter.ordering_facility_id.empty()) return Walk::kOrdering;
  if (facility) return Walk::kFacility;
  return filter.center_id.empty() ? Walk::kAll : Walk::kCenter;
}

bool WalksByState(Walk walk) {
  return walk == Walk::kCenter || walk == Walk::kFacility || walk == Walk::kAll;
}

int64_t MaskOf(const std::vector<State>& states) {
  int64_t mask = 0;
  for (const State state : states) mask |= int64_t{1} << static_cast<int>(state);
  return mask;
}

// One walk for one facility of the scope (none: all) and one state (none: all of the filter).
Query QueryOf(const OrderFilter& filter, Walk walk, const std::optional<std::string>& facility,
              const std::optional<State>& state) {
  Query query;
  const bool join = walk == Walk::kFacility;
  const std::string at = join ? "f." : "o.";
  const std::string id = join ? "f.order_id" : "o.id";
  query.sql =
      "select " + at + "created, " + id + " from " +
      (join ? "order_facility f join orders o on o.id = f.order_id where f.facility_id = :facility"
            : "orders o where 1 = 1");
  if (join) query.values.push_back(*facility);
  if (filter.needs_desk) query.And("o.needs_desk = 1");
  if (filter.unbound) query.And("o.unbound = 1");
  if (!filter.patient_id.empty())
    query.And("o.patient_id = :patient and o.patient_id <> ''", filter.patient_id);
  if (!filter.ordering_facility_id.empty())
    query.And("o.ordering_facility_id = :ordering", filter.ordering_facility_id);
  if (!filter.center_id.empty()) query.And("o.center_id = :center", filter.center_id);
  if (state) query.And(at + "state = :state", *state);
  if (state && !filter.silent_before.empty())
    query.And("o.changed < :changed", filter.silent_before.at(*state));
  if (!state && !filter.states.empty()) {
    query.And("((cast(:mask as bigint) >> cast(o.state as integer)) & 1) = 1",
              MaskOf(filter.states));
  }
  if (facility && !join) {
    query.And(
        "exists (select 1 from order_facility f where f.facility_id = :facility and f.created = "
        "o.created and "
        "f.order_id = o.id)",
        *facility);
  }
  query.And(at + "created >= :from and " + at + "created < :to", filter.from, filter.to);
  return query;
}

void Page(Query& query, Walk walk, const ListPosition& after, int64_t limit) {
  const std::string key = walk == Walk::kFacility ? "f.created, f.order_id" : "o.created, o.id";
  query.And("(" + key + ") < (:after_created, :after_id)", after.created, after.id);
  const size_t comma = key.find(',');
  query.sql +=
      " order by " + key.substr(0, comma) + " desc," + key.substr(comma + 1) + " desc limit :limit";
  query.values.push_back(store::ToValue(limit));
}

// The states to walk one by one; nothing for all of the filter at once.
std::vector<std::optional<State>> StatesOf(const OrderFilter& filter, Walk walk) {
  std::vector<std::optional<State>> states;
  if (!filter.silent_before.empty()) {
    for (const auto& [state, before] : filter.silent_before) {
      if (filter.states.empty() || (MaskOf(filter.states) & MaskOf({state})) != 0)
        states.push_back(state);
    }
    return states;
  }
  states.assign(filter.states.begin(), filter.states.end());
  if (states.empty() && walk == Walk::kCenter) {
    for (int state = 1; state <= kStates; ++state) states.push_back(static_cast<State>(state));
  }
  if (states.empty() || !WalksByState(walk)) states = {std::nullopt};
  return states;
}

absl::StatusOr<Keys> Collect(store::Session& session, const security::Scope& scope,
                             const OrderFilter& filter, const ListPosition& after, int64_t limit) {
  std::vector<std::optional<std::string>> facilities(scope.facilities().begin(),
                                                     scope.facilities().end());
  if (scope.all()) facilities = {std::nullopt};
  Keys keys;
  for (const std::optional<std::string>& facility : facilities) {
    const Walk walk = ChooseWalk(filter, facility.has_value());
    for (const std::optional<State>& state : StatesOf(filter, walk)) {
      Query query = QueryOf(filter, walk, facility, state);
      Page(query, walk, after, limit);
      TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                          session.QueryValues(query.sql, query.values));
      for (const store::Row& row : rows) keys.insert({row.Int(0), row.Text(1)});
    }
  }
  return keys;
}

}  // namespace

std::string ToText(const ListPosition& position) {
  return std::to_string(position.created) + " " + position.id;
}

absl::StatusOr<ListPosition> ParsePosition(std::string_view text) {
  if (text.empty()) return ListPosition();
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0 || space > 18 ||
      !std::all_of(text.begin(), text.begin() + space,
                   [](char c) { return c >= '0' && c <= '9'; })) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                       "not a token of this list");
  }
  return ListPosition{std::stoll(std::string(text.substr(0, space))),
                      std::string(text.substr(space + 1))};
}

ListPosition PositionOf(const Order& order) {
  return {absl::ToUnixMicros(order.create_time), order.id};
}

absl::StatusOr<int64_t> CountOrders(store::Session& session, State state,
                                    absl::Time changed_before) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne("select count(*) from orders where state = :state and changed < :changed",
                       state, changed_before));
  return row ? row->Int(0) : 0;
}

absl::StatusOr<std::vector<Order>> ListOrders(store::Session& session, const security::Scope& scope,
                                              const OrderFilter& filter, const ListPosition& after,
                                              int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const Keys keys, Collect(session, scope, filter, after, limit));
  std::vector<Order> orders;
  for (const Key& key : keys) {
    if (static_cast<int64_t>(orders.size()) == limit) break;
    TJ_ASSIGN_OR_RETURN(
        const std::optional<store::Row> row,
        session.QueryOne("select record, patient_id from orders where id = :id", key.second));
    if (row) orders.push_back(OrderOf(*row));
  }
  return orders;
}

}  // namespace tongjian::orders
