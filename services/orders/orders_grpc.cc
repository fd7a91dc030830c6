#include "services/orders/orders_grpc.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <string>
#include <vector>

#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "common/security/digest.h"
#include "services/orders/desk_work.h"
#include "services/orders/order_codec.h"
#include "services/orders/orders.h"
#include "services/orders/queries.h"

namespace tongjian::orders {
namespace {

constexpr char kService[] = "tongjian.orders.v1.OrderService/";
constexpr rpc::PageLimits kOrderPages = {.size_default = 50, .size_max = 200};
constexpr rpc::PageLimits kTimelinePages = {.size_default = 100, .size_max = 500};

// Of the request without its request id; the same content gives the same bytes.
template <typename Request>
std::string Fingerprint(Request request) {
  request.clear_request_id();
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    request.SerializeToCodedStream(&coded);
  }
  return security::Sha256Text(bytes);
}

template <typename Request>
Asked AskedBy(rpc::Call& call, const Request& request) {
  return {.caller = call.caller(),
          .scope = call.scope(),
          .method = call.method(),
          .request_id = request.request_id(),
          .fingerprint = Fingerprint(request),
          .trail = &call.trail()};
}

absl::StatusOr<OrderFilter> FilterOf(const v1::ListOrdersRequest& request) {
  OrderFilter filter = {.ordering_facility_id = request.ordering_facility_id(),
                        .center_id = request.center_id(),
                        .patient_id = request.patient_id(),
                        .needs_desk = request.needs_desk(),
                        .unbound = request.unbound()};
  for (const int state : request.states()) {
    if (!v1::OrderState_IsValid(state) || state == 0)
      return base::InvalidField("states", "not known");
    filter.states.push_back(static_cast<State>(state));
  }
  if (request.has_from_time()) {
    TJ_ASSIGN_OR_RETURN(filter.from, rpc::CheckedTime(request.from_time(), "from_time"));
  }
  if (request.has_to_time()) {
    TJ_ASSIGN_OR_RETURN(filter.to, rpc::CheckedTime(request.to_time(), "to_time"));
  }
  return filter;
}

absl::StatusOr<Leaving> LeavingOf(v1::RerouteKind kind) {
  switch (kind) {
    case v1::REROUTE_KIND_REDIRECT:
      return Leaving::kRedirect;
    case v1::REROUTE_KIND_DECLINE:
      return Leaving::kDecline;
    case v1::REROUTE_KIND_ESCALATE:
      return Leaving::kEscalate;
    case v1::REROUTE_KIND_HAND_OVER:
      return Leaving::kHandOver;
    default:
      return base::InvalidField("kind", "missing or not known");
  }
}

}  // namespace

template <typename Request, typename Work>
grpc::Status OrdersGrpc::Change(grpc::ServerContext* context, std::string_view method,
                                const Request& request, v1::Order* out, const Work& work) {
  return door_.Serve(context, std::string(kService).append(method),
                     [&](rpc::Call& call) -> absl::Status {
                       TJ_ASSIGN_OR_RETURN(const Order order, work(AskedBy(call, request)));
                       Encode(order, out);
                       return absl::OkStatus();
                     });
}

grpc::Status OrdersGrpc::CreateOrder(grpc::ServerContext* context,
                                     const v1::CreateOrderRequest* request, v1::Order* out) {
  return Change(context, "CreateOrder", *request, out,
                [&](const Asked& asked) -> absl::StatusOr<Order> {
                  TJ_ASSIGN_OR_RETURN(Order order, DecodeRequest(request->order()));
                  return orders_.Create(asked, std::move(order), request->draft());
                });
}

grpc::Status OrdersGrpc::SubmitOrder(grpc::ServerContext* context,
                                     const v1::SubmitOrderRequest* request, v1::Order* out) {
  return Change(context, "SubmitOrder", *request, out,
                [&](const Asked& asked) { return orders_.Submit(asked, request->id()); });
}

grpc::Status OrdersGrpc::GetOrder(grpc::ServerContext* context, const v1::GetOrderRequest* request,
                                  v1::Order* out) {
  return door_.Serve(context, std::string(kService) + "GetOrder",
                     [&](rpc::Call& call) -> absl::Status {
                       const OrderName name = {request->id(), request->accession_number(),
                                               request->placer_order_number(),
                                               security::Originator(call.caller()).facility_id};
                       TJ_ASSIGN_OR_RETURN(const Order order, queries_.Get(call.scope(), name));
                       Touch(&call.trail(), order);
                       Encode(order, out);
                       return absl::OkStatus();
                     });
}

grpc::Status OrdersGrpc::ListOrders(grpc::ServerContext* context,
                                    const v1::ListOrdersRequest* request,
                                    v1::ListOrdersResponse* out) {
  return door_.Serve(
      context, std::string(kService) + "ListOrders", [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kOrderPages));
        TJ_ASSIGN_OR_RETURN(OrderFilter filter, FilterOf(*request));
        if (request->silent()) filter.silent_before = queries_.SilentNow();
        TJ_ASSIGN_OR_RETURN(const ListPosition after, ParsePosition(page.after()));
        TJ_ASSIGN_OR_RETURN(std::vector<Order> orders,
                            queries_.List(call.scope(), filter, after, page.size() + 1));
        if (static_cast<int64_t>(orders.size()) > page.size()) {
          orders.pop_back();
          out->set_next_page_token(page.TokenAfter(ToText(PositionOf(orders.back()))));
        }
        for (const Order& order : orders) {
          Touch(&call.trail(), order);
          Encode(order, out->add_orders());
        }
        return absl::OkStatus();
      });
}

grpc::Status OrdersGrpc::ModifyOrder(grpc::ServerContext* context,
                                     const v1::ModifyOrderRequest* request, v1::Order* out) {
  return Change(context, "ModifyOrder", *request, out,
                [&](const Asked& asked) -> absl::StatusOr<Order> {
                  TJ_ASSIGN_OR_RETURN(const Order wanted, DecodeRequest(request->order()));
                  return orders_.Modify(asked, wanted, request->order().etag());
                });
}

grpc::Status OrdersGrpc::CancelOrder(grpc::ServerContext* context,
                                     const v1::CancelOrderRequest* request, v1::Order* out) {
  return Change(context, "CancelOrder", *request, out, [&](const Asked& asked) {
    return orders_.Cancel(asked, request->id(), request->reason(), request->recognized_result_id());
  });
}

grpc::Status OrdersGrpc::SetPayment(grpc::ServerContext* context,
                                    const v1::SetPaymentRequest* request, v1::Order* out) {
  return Change(context, "SetPayment", *request, out,
                [&](const Asked& asked) -> absl::StatusOr<Order> {
                  if (!v1::PaymentState_IsValid(request->payment()))
                    return base::InvalidField("payment", "not known");
                  return orders_.Pay(asked, request->id(), static_cast<Payment>(request->payment()),
                                     request->billing_party());
                });
}

grpc::Status OrdersGrpc::ReturnOrder(grpc::ServerContext* context,
                                     const v1::ReturnOrderRequest* request, v1::Order* out) {
  return Change(context, "ReturnOrder", *request, out, [&](const Asked& asked) {
    return desk_.Return(asked, request->id(), request->question());
  });
}

grpc::Status OrdersGrpc::AnswerOrder(grpc::ServerContext* context,
                                     const v1::AnswerOrderRequest* request, v1::Order* out) {
  return Change(context, "AnswerOrder", *request, out, [&](const Asked& asked) {
    return orders_.Answer(asked, request->id(), request->answer());
  });
}

grpc::Status OrdersGrpc::HoldOrder(grpc::ServerContext* context,
                                   const v1::HoldOrderRequest* request, v1::Order* out) {
  return Change(context, "HoldOrder", *request, out, [&](const Asked& asked) {
    return desk_.Hold(asked, request->id(), request->hold(), request->reason());
  });
}

grpc::Status OrdersGrpc::RerouteOrder(grpc::ServerContext* context,
                                      const v1::RerouteOrderRequest* request, v1::Order* out) {
  return Change(context, "RerouteOrder", *request, out,
                [&](const Asked& asked) -> absl::StatusOr<Order> {
                  TJ_ASSIGN_OR_RETURN(const Leaving leaving, LeavingOf(request->kind()));
                  return desk_.Reroute(asked, request->id(), leaving, request->center_id(),
                                       request->reason());
                });
}

grpc::Status OrdersGrpc::RequestRecapture(grpc::ServerContext* context,
                                          const v1::RequestRecaptureRequest* request,
                                          v1::Order* out) {
  return Change(context, "RequestRecapture", *request, out, [&](const Asked& asked) {
    return desk_.Recapture(asked, request->id(), request->reason());
  });
}

grpc::Status OrdersGrpc::BindOrder(grpc::ServerContext* context,
                                   const v1::BindOrderRequest* request, v1::Order* out) {
  return Change(context, "BindOrder", *request, out, [&](const Asked& asked) {
    return orders_.BindTo(asked, request->id(), request->provisional_order_id());
  });
}

grpc::Status OrdersGrpc::ListTimeline(grpc::ServerContext* context,
                                      const v1::ListTimelineRequest* request,
                                      v1::ListTimelineResponse* out) {
  return door_.Serve(
      context, std::string(kService) + "ListTimeline", [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(*request, kTimelinePages));
        TJ_ASSIGN_OR_RETURN(const ListPosition after,
                            ParsePosition(page.after().empty() ? "0 " : page.after()));
        TJ_ASSIGN_OR_RETURN(const Order order, queries_.Get(call.scope(), {.id = request->id()}));
        TJ_ASSIGN_OR_RETURN(
            std::vector<TimelineEntry> entries,
            queries_.Timeline(call.scope(), request->id(), after.created, page.size() + 1));
        if (static_cast<int64_t>(entries.size()) > page.size()) {
          entries.pop_back();
          out->set_next_page_token(page.TokenAfter(ToText({entries.back().sequence, ""})));
        }
        Touch(&call.trail(), order);
        for (const TimelineEntry& entry : entries) Encode(entry, out->add_entries());
        return absl::OkStatus();
      });
}

grpc::Status OrdersGrpc::LeaseAccessionBlock(grpc::ServerContext* context,
                                             const v1::LeaseAccessionBlockRequest* request,
                                             v1::AccessionBlock* out) {
  return door_.Serve(
      context, std::string(kService) + "LeaseAccessionBlock", [&](rpc::Call& call) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(
            const AccessionBlock block,
            orders_.LeaseNumbers(AskedBy(call, *request), request->facility_id(), request->size()));
        out->set_prefix(block.prefix);
        out->set_digits(kAccessionDigits);
        out->set_first(block.first);
        out->set_last(block.last);
        return absl::OkStatus();
      });
}

}  // namespace tongjian::orders
