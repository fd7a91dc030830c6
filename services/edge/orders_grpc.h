// tongjian.orders.v1.OrderService at the gateway: the same contract as the hub's.
#pragma once

#include "common/rpc/door.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {

class ClinicOrders;

// Safe for concurrent use; all it is given must outlive it.
class OrdersGrpc final : public orders::v1::OrderService::Service {
 public:
  OrdersGrpc(ClinicOrders& orders, const rpc::Door& door) : orders_(orders), door_(door) {}

  using Order = orders::v1::Order;
  grpc::Status CreateOrder(grpc::ServerContext* context,
                           const orders::v1::CreateOrderRequest* request, Order* out) override;
  grpc::Status SubmitOrder(grpc::ServerContext* context,
                           const orders::v1::SubmitOrderRequest* request, Order* out) override;
  grpc::Status GetOrder(grpc::ServerContext* context, const orders::v1::GetOrderRequest* request,
                        Order* out) override;
  grpc::Status ListOrders(grpc::ServerContext* context,
                          const orders::v1::ListOrdersRequest* request,
                          orders::v1::ListOrdersResponse* out) override;
  grpc::Status ModifyOrder(grpc::ServerContext* context,
                           const orders::v1::ModifyOrderRequest* request, Order* out) override;
  grpc::Status CancelOrder(grpc::ServerContext* context,
                           const orders::v1::CancelOrderRequest* request, Order* out) override;
  grpc::Status SetPayment(grpc::ServerContext* context,
                          const orders::v1::SetPaymentRequest* request, Order* out) override;
  grpc::Status ReturnOrder(grpc::ServerContext* context,
                           const orders::v1::ReturnOrderRequest* request, Order* out) override;
  grpc::Status AnswerOrder(grpc::ServerContext* context,
                           const orders::v1::AnswerOrderRequest* request, Order* out) override;
  grpc::Status HoldOrder(grpc::ServerContext* context,
                         const orders::v1::HoldOrderRequest* request, Order* out) override;
  grpc::Status RerouteOrder(grpc::ServerContext* context,
                            const orders::v1::RerouteOrderRequest* request, Order* out) override;
  grpc::Status RequestRecapture(grpc::ServerContext* context,
                                const orders::v1::RequestRecaptureRequest* request,
                                Order* out) override;
  grpc::Status BindOrder(grpc::ServerContext* context,
                         const orders::v1::BindOrderRequest* request, Order* out) override;
  grpc::Status ListTimeline(grpc::ServerContext* context,
                            const orders::v1::ListTimelineRequest* request,
                            orders::v1::ListTimelineResponse* out) override;
  grpc::Status LeaseAccessionBlock(grpc::ServerContext* context,
                                   const orders::v1::LeaseAccessionBlockRequest* request,
                                   orders::v1::AccessionBlock* out) override;

 private:
  // A change that the hub alone makes, under the id that it knows.
  template <class Request, class Method>
  grpc::Status AtHub(grpc::ServerContext* context, std::string_view name, const Request& request,
                     Method method, Order* out);

  ClinicOrders& orders_;
  const rpc::Door& door_;
};

}  // namespace tongjian::edge
