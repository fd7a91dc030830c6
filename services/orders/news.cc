#include "services/orders/news.h"

#include <utility>

#include "common/feed/follower.h"

namespace tongjian::orders {

absl::StatusOr<Order> Successor(store::Session& session, const OrderStore& store, Order order) {
  if (!Provisional(order) || order.bound_order_id.empty()) return order;
  return store.Find(session, security::Scope::Service(), order.bound_order_id);
}

absl::Status ApplyTo(store::Transaction& tx, const NewsParts& parts, const std::string& order_id,
                     const std::function<absl::StatusOr<bool>(Order&, Deed&)>& change) {
  absl::StatusOr<Order> found = parts.store.Find(tx, security::Scope::Service(), order_id);
  if (absl::IsNotFound(found.status())) return feed::ReferenceUnknown("order " + order_id);
  TJ_TRY(found.status());
  TJ_ASSIGN_OR_RETURN(const Order before, Successor(tx, parts.store, *std::move(found)));
  Order after = before;
  Deed deed;
  TJ_ASSIGN_OR_RETURN(const bool changed, change(after, deed));
  return changed ? parts.journal.Change(tx, before, after, deed) : absl::OkStatus();
}

}  // namespace tongjian::orders
