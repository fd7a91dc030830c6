// tongjian.orders.v1.OrderService on the wire: decode, call, encode.
#pragma once

#include <functional>
#include <string_view>

#include "common/base/status.h"
#include "common/rpc/door.h"
#include "services/orders/order.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::orders {

class DeskWork;
class Orders;
class Queries;
struct Asked;

// Safe for concurrent use; all it is given must outlive it.
class OrdersGrpc final : public v1::OrderService::Service {
 public:
  OrdersGrpc(const Orders& orders, const DeskWork& desk, const Queries& queries,
             const rpc::Door& door)
      : orders_(orders), desk_(desk), queries_(queries), door_(door) {}

  grpc::Status CreateOrder(grpc::ServerContext* context, const v1::CreateOrderRequest* request,
                           v1::Order* out) override;
  grpc::Status SubmitOrder(grpc::ServerContext* context, const v1::SubmitOrderRequest* request,
                           v1::Order* out) override;
  grpc::Status GetOrder(grpc::ServerContext* context, const v1::GetOrderRequest* request,
                        v1::Order* out) override;
  grpc::Status ListOrders(grpc::ServerContext* context, const v1::ListOrdersRequest* request,
                          v1::ListOrdersResponse* out) override;
  grpc::Status ModifyOrder(grpc::ServerContext* context, const v1::ModifyOrderRequest* request,
                           v1::Order* out) override;
  grpc::Status CancelOrder(grpc::ServerContext* context, const v1::CancelOrderRequest* request,
                           v1::Order* out) override;
  grpc::Status SetPayment(grpc::ServerContext* context, const v1::SetPaymentRequest* request,
                          v1::Order* out) override;
  grpc::Status ReturnOrder(grpc::ServerContext* context, const v1::ReturnOrderRequest* request,
                           v1::Order* out) override;
  grpc::Status AnswerOrder(grpc::ServerContext* context, const v1::AnswerOrderRequest* request,
                           v1::Order* out) override;
  grpc::Status HoldOrder(grpc::ServerContext* context, const v1::HoldOrderRequest* request,
                         v1::Order* out) override;
  grpc::Status RerouteOrder(grpc::ServerContext* context, const v1::RerouteOrderRequest* request,
                            v1::Order* out) override;
  grpc::Status RequestRecapture(grpc::ServerContext* context,
                                const v1::RequestRecaptureRequest* request,
                                v1::Order* out) override;
  grpc::Status BindOrder(grpc::ServerContext* context, const v1::BindOrderRequest* request,
                         v1::Order* out) override;
  grpc::Status ListTimeline(grpc::ServerContext* context, const v1::ListTimelineRequest* request,
                            v1::ListTimelineResponse* out) override;
  grpc::Status LeaseAccessionBlock(grpc::ServerContext* context,
                                   const v1::LeaseAccessionBlockRequest* request,
                                   v1::AccessionBlock* out) override;

 private:
  // A method that changes one order and answers it.
  template <typename Request, typename Work>
  grpc::Status Change(grpc::ServerContext* context, std::string_view method, const Request& request,
                      v1::Order* out, const Work& work);

  const Orders& orders_;
  const DeskWork& desk_;
  const Queries& queries_;
  const rpc::Door& door_;
};

}  // namespace tongjian::orders
