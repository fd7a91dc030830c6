// Ordering at the clinic, with or without a link.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/base/id.h"
#include "common/rpc/call.h"
#include "common/store/database.h"
#include "services/edge/order_store.h"
#include "tongjian/orders/v1/order_service.pb.h"

namespace tongjian::edge {

class Catalog;
class Link;
class Outgoing;

// Orders are numbered, kept, shown on the worklist and answered here; the hub gets them when it can
// be reached, under the same request ids. Safe for concurrent use; what it is given must outlive it.
class ClinicOrders {
 public:
  ClinicOrders(store::Database& database, Outgoing& outgoing, const Link& link,
               const Catalog& catalog, base::Ids& ids, std::string facility_id)
      : database_(database),
        outgoing_(outgoing),
        link_(link),
        catalog_(catalog),
        ids_(ids),
        facility_id_(std::move(facility_id)) {}

  absl::StatusOr<orders::v1::Order> Create(rpc::Call& call,
                                           const orders::v1::CreateOrderRequest& request);
  // An order the hub has is cancelled at the hub; one it does not have yet is cancelled here and
  // the cancel follows it.
  absl::StatusOr<orders::v1::Order> Cancel(rpc::Call& call,
                                           const orders::v1::CancelOrderRequest& request);
  // From the local copy; what is not there is asked of the hub.
  absl::StatusOr<orders::v1::Order> Get(rpc::Call& call,
                                        const orders::v1::GetOrderRequest& request);
  // From the local copies; by center, the desk's or unbound: from the hub.
  absl::Status List(rpc::Call& call, const orders::v1::ListOrdersRequest& request,
                    orders::v1::ListOrdersResponse* out);

  // The id that the hub knows the order by. UNAVAILABLE (HUB_UNREACHABLE) while it has none.
  absl::StatusOr<std::string> HubId(const std::string& id);
  // What the hub answered is the local copy from now on.
  absl::Status Remember(rpc::Call& call, const orders::v1::Order& order);

  const Link& link() const { return link_; }
  const std::string& facility_id() const { return facility_id_; }

 private:
  absl::StatusOr<orders::v1::Order> Complete(const orders::v1::CreateOrderRequest& request,
                                             absl::Time now);
  absl::StatusOr<std::optional<orders::v1::Order>> CancelHere(
      rpc::Call& call, const orders::v1::CancelOrderRequest& request);

  store::Database& database_;
  Outgoing& outgoing_;
  const Link& link_;
  const Catalog& catalog_;
  base::Ids& ids_;
  const std::string facility_id_;
};

}  // namespace tongjian::edge
