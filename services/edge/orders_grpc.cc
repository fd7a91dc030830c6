#include "services/edge/orders_grpc.h"

#include "services/edge/clinic_orders.h"
#include "services/edge/forward.h"

namespace tongjian::edge {
namespace {

using orders::v1::Order;
using orders::v1::OrderService;
using Stub = OrderService::Stub;

std::string MethodOf(std::string_view name) {
  return "tongjian.orders.v1.OrderService/" + std::string(name);
}

template <class T>
absl::Status Give(absl::StatusOr<T> value, T* out) {
  if (!value.ok()) return value.status();
  *out = *std::move(value);
  return absl::OkStatus();
}

// Where a request names the order it is about.
template <class Request>
std::string* IdIn(Request& request) {
  return request.mutable_id();
}
std::string* IdIn(orders::v1::ModifyOrderRequest& request) {
  return request.mutable_order()->mutable_id();
}

}  // namespace

template <class Request, class Method>
grpc::Status OrdersGrpc::AtHub(grpc::ServerContext* context, std::string_view name,
                               const Request& request, Method method, Order* out) {
  return door_.Serve(context, MethodOf(name), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    Request onward = request;
    TJ_ASSIGN_OR_RETURN(*IdIn(onward), orders_.HubId(*IdIn(onward)));
    TJ_TRY(Forward<OrderService>(orders_.link(), call, method, onward, out));
    return orders_.Remember(call, *out);
  });
}

grpc::Status OrdersGrpc::CreateOrder(grpc::ServerContext* context,
                                     const orders::v1::CreateOrderRequest* request, Order* out) {
  return door_.Serve(context, MethodOf("CreateOrder"), [&](rpc::Call& call) {
    return Give(orders_.Create(call, *request), out);
  });
}

grpc::Status OrdersGrpc::GetOrder(grpc::ServerContext* context,
                                  const orders::v1::GetOrderRequest* request, Order* out) {
  return door_.Serve(context, MethodOf("GetOrder"), [&](rpc::Call& call) {
    return Give(orders_.Get(call, *request), out);
  });
}

grpc::Status OrdersGrpc::ListOrders(grpc::ServerContext* context,
                                    const orders::v1::ListOrdersRequest* request,
                                    orders::v1::ListOrdersResponse* out) {
  return door_.Serve(context, MethodOf("ListOrders"),
                     [&](rpc::Call& call) { return orders_.List(call, *request, out); });
}

grpc::Status OrdersGrpc::CancelOrder(grpc::ServerContext* context,
                                     const orders::v1::CancelOrderRequest* request, Order* out) {
  return door_.Serve(context, MethodOf("CancelOrder"), [&](rpc::Call& call) {
    return Give(orders_.Cancel(call, *request), out);
  });
}

grpc::Status OrdersGrpc::SubmitOrder(grpc::ServerContext* context,
                                     const orders::v1::SubmitOrderRequest* request, Order* out) {
  return AtHub(context, "SubmitOrder", *request, &Stub::SubmitOrder, out);
}

grpc::Status OrdersGrpc::ModifyOrder(grpc::ServerContext* context,
                                     const orders::v1::ModifyOrderRequest* request, Order* out) {
  return AtHub(context, "ModifyOrder", *request, &Stub::ModifyOrder, out);
}

grpc::Status OrdersGrpc::SetPayment(grpc::ServerContext* context,
                                    const orders::v1::SetPaymentRequest* request, Order* out) {
  return AtHub(context, "SetPayment", *request, &Stub::SetPayment, out);
}

grpc::Status OrdersGrpc::ReturnOrder(grpc::ServerContext* context,
                                     const orders::v1::ReturnOrderRequest* request, Order* out) {
  return AtHub(context, "ReturnOrder", *request, &Stub::ReturnOrder, out);
}

grpc::Status OrdersGrpc::AnswerOrder(grpc::ServerContext* context,
                                     const orders::v1::AnswerOrderRequest* request, Order* out) {
  return AtHub(context, "AnswerOrder", *request, &Stub::AnswerOrder, out);
}

grpc::Status OrdersGrpc::HoldOrder(grpc::ServerContext* context,
                                   const orders::v1::HoldOrderRequest* request, Order* out) {
  return AtHub(context, "HoldOrder", *request, &Stub::HoldOrder, out);
}

grpc::Status OrdersGrpc::RerouteOrder(grpc::ServerContext* context,
                                      const orders::v1::RerouteOrderRequest* request, Order* out) {
  return AtHub(context, "RerouteOrder", *request, &Stub::RerouteOrder, out);
}

grpc::Status OrdersGrpc::RequestRecapture(grpc::ServerContext* context,
                                          const orders::v1::RequestRecaptureRequest* request,
                                          Order* out) {
  return AtHub(context, "RequestRecapture", *request, &Stub::RequestRecapture, out);
}

grpc::Status OrdersGrpc::BindOrder(grpc::ServerContext* context,
                                   const orders::v1::BindOrderRequest* request, Order* out) {
  return AtHub(context, "BindOrder", *request, &Stub::BindOrder, out);
}

grpc::Status OrdersGrpc::ListTimeline(grpc::ServerContext* context,
                                      const orders::v1::ListTimelineRequest* request,
                                      orders::v1::ListTimelineResponse* out) {
  return door_.Serve(context, MethodOf("ListTimeline"), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    orders::v1::ListTimelineRequest onward = *request;
    TJ_ASSIGN_OR_RETURN(*onward.mutable_id(), orders_.HubId(request->id()));
    call.trail().TouchObject(onward.id());
    return Forward<OrderService>(orders_.link(), call, &Stub::ListTimeline, onward, out);
  });
}

grpc::Status OrdersGrpc::LeaseAccessionBlock(grpc::ServerContext* context,
                                             const orders::v1::LeaseAccessionBlockRequest* request,
                                             orders::v1::AccessionBlock* out) {
  return door_.Serve(context, MethodOf("LeaseAccessionBlock"), [&](rpc::Call& call) -> absl::Status {
    TJ_TRY(CheckOwn(call, orders_.facility_id()));
    return Forward<OrderService>(orders_.link(), call, &Stub::LeaseAccessionBlock, *request, out);
  });
}

}  // namespace tongjian::edge
