#include "services/edge/clinic_orders.h"

#include <algorithm>
#include <optional>

#include "absl/strings/numbers.h"
#include "common/base/status.h"
#include "common/dicom/uid.h"
#include "common/forms/order_form.h"
#include "common/rpc/page.h"
#include "common/rpc/proto_time.h"
#include "common/security/digest.h"
#include "common/store/idempotency.h"
#include "services/edge/catalog.h"
#include "services/edge/forward.h"
#include "services/edge/link.h"
#include "services/edge/number_store.h"
#include "services/edge/outgoing.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

using orders::v1::Order;
using orders::v1::OrderService;

constexpr rpc::PageLimits kPages = {.size_default = 50, .size_max = 200};
constexpr int64_t kScanStep = 200;
constexpr int64_t kScannedMax = 20'000;

// What the hub would refuse, and what the gateway itself gives.
absl::Status CheckOrder(const Order& order) {
  if (!order.accession_number().empty()) {
    return base::InvalidField("order.accession_number",
                              "the gateway numbers orders, from its own block: leave it empty");
  }
  for (const orders::v1::OrderItem& item : order.items()) {
    if (!item.study_instance_uid().empty()) {
      return base::InvalidField("order.items.study_instance_uid", "given by the gateway");
    }
  }
  TJ_TRY(forms::CheckOrderValues(order));
  return forms::CheckOrderLimits(order);
}

template <class Request>
store::RequestKey KeyOf(const rpc::Call& call, Request request) {
  const std::string id = request.request_id();
  request.clear_request_id();
  return {.caller = security::Describe(call.caller()),
          .method = call.method(),
          .request_id = id,
          .fingerprint = security::Sha256Text(request.SerializeAsString())};
}

void Touch(rpc::Call& call, const Order& order) {
  call.trail().TouchObject(order.id());
  call.trail().TouchFacilityPatient(order.patient().facility_id(),
                                    order.patient().facility_patient_id(),
                                    order.patient().patient_id());
}

bool Fits(const Order& order, const orders::v1::ListOrdersRequest& request) {
  const auto& states = request.states();
  if (!states.empty() && std::find(states.begin(), states.end(), order.state()) == states.end()) {
    return false;
  }
  const std::string& facility = request.ordering_facility_id();
  return facility.empty() || facility == order.ordering_facility_id();
}

absl::StatusOr<OrderPosition> PositionIn(const rpc::Page& page) {
  OrderPosition position;
  if (page.after().empty()) return position;
  const size_t space = page.after().find(' ');
  if (space == std::string::npos ||
      !absl::SimpleAtoi(absl::string_view(page.after()).substr(0, space), &position.created)) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                       "not a token of this list");
  }
  position.id = page.after().substr(space + 1);
  return position;
}

int64_t CreatedOf(const Order& order) {
  return absl::ToUnixMicros(rpc::FromProto(order.create_time()));
}

}  // namespace

absl::StatusOr<Order> ClinicOrders::Complete(const orders::v1::CreateOrderRequest& request,
                                             absl::Time now) {
  Order order = request.order();
  if (order.ordering_facility_id().empty()) order.set_ordering_facility_id(facility_id_);
  if (order.ordering_facility_id() != facility_id_) {
    return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED",
                       "order.ordering_facility_id", "this gateway orders for " + facility_id_);
  }
  TJ_TRY(CheckOrder(order));
  if (order.patient().facility_id().empty()) {
    order.mutable_patient()->set_facility_id(facility_id_);
  }
  int number = 0;
  std::vector<forms::ItemDiscipline> disciplines;
  for (orders::v1::OrderItem& item : *order.mutable_items()) {
    item.set_id(std::to_string(++number));
    item.set_study_instance_uid(dicom::NewUid());
    item.clear_study_instance_uids();
    item.clear_report_ids();
    item.clear_exam_state();
    disciplines.push_back({.catalog = catalog_.Fill(facility_id_, item)});
    disciplines.back().modality = item.modality();
  }
  common::v1::Discipline discipline = order.discipline();  // The hub settles it; here it must agree.
  TJ_TRY(forms::SettleDiscipline(disciplines, &discipline));
  if (order.priority() == common::v1::PRIORITY_UNSPECIFIED) {
    order.set_priority(common::v1::PRIORITY_ROUTINE);
  }
  order.set_origin(orders::v1::ORDER_ORIGIN_HIS);
  order.set_state(request.draft() ? orders::v1::ORDER_STATE_DRAFT
                                  : orders::v1::ORDER_STATE_SUBMITTED);
  order.clear_routing();
  order.clear_deadline();
  order.clear_note();
  order.clear_receive_time();
  order.mutable_patient()->clear_patient_id();
  order.set_version(0);
  order.set_id(ids_.New());
  *order.mutable_create_time() = rpc::ToProto(now);
  *order.mutable_update_time() = rpc::ToProto(now);
  return order;
}

absl::StatusOr<Order> ClinicOrders::Create(rpc::Call& call,
                                           const orders::v1::CreateOrderRequest& request) {
  TJ_TRY(CheckOwn(call, facility_id_));
  TJ_ASSIGN_OR_RETURN(const Order complete, Complete(request, call.clock().Now()));
  Order order;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(
        const std::string id,
        store::Once(tx, KeyOf(call, request), [&]() -> absl::StatusOr<std::string> {
          order = complete;
          TJ_ASSIGN_OR_RETURN(*order.mutable_accession_number(), Numbers::Take(tx));
          TJ_TRY(InsertOrder(tx, order));
          orders::v1::CreateOrderRequest onward = request;
          *onward.mutable_order() = order;
          TJ_TRY(outgoing_.Create(tx, call.caller(), order.id(), onward));
          return order.id();
        }));
    TJ_ASSIGN_OR_RETURN(const std::optional<ClinicOrder> kept, FindOrder(tx, id));
    if (!kept) return base::NotFound("order");
    order = kept->order;
    Touch(call, order);
    return call.trail().WriteIn(tx);
  }));
  return order;
}

absl::StatusOr<std::optional<Order>> ClinicOrders::CancelHere(
    rpc::Call& call, const orders::v1::CancelOrderRequest& request) {
  std::optional<Order> result;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    result.reset();
    TJ_ASSIGN_OR_RETURN(std::optional<ClinicOrder> found, FindOrder(tx, request.id()));
    if (!found || found->at_hub) return absl::OkStatus();
    TJ_TRY(store::Once(tx, KeyOf(call, request), [&]() -> absl::StatusOr<std::string> {
             if (found->canceling) return std::string();
             found->canceling = true;
             const bool recognized = !request.recognized_result_id().empty();
             found->order.set_state(recognized ? orders::v1::ORDER_STATE_RECOGNIZED
                                               : orders::v1::ORDER_STATE_CANCELLED);
             found->order.set_note(request.reason());
             found->order.set_recognized_result_id(request.recognized_result_id());
             *found->order.mutable_update_time() = rpc::ToProto(tx.Now());
             TJ_TRY(UpdateLocal(tx, *found));
             TJ_TRY(outgoing_.Cancel(tx, call.caller(), found->order.id(), request));
             return std::string();
           }).status());
    result = found->order;
    Touch(call, found->order);
    return call.trail().WriteIn(tx);
  }));
  return result;
}

absl::StatusOr<Order> ClinicOrders::Cancel(rpc::Call& call,
                                           const orders::v1::CancelOrderRequest& request) {
  TJ_TRY(CheckOwn(call, facility_id_));
  TJ_TRY(forms::CheckCancelReason("reason", request.reason()));
  TJ_ASSIGN_OR_RETURN(const std::optional<Order> here, CancelHere(call, request));
  if (here) return *here;
  orders::v1::CancelOrderRequest onward = request;
  TJ_ASSIGN_OR_RETURN(*onward.mutable_id(), HubId(request.id()));
  Order order;
  TJ_TRY(Forward<OrderService>(link_, call, &OrderService::Stub::CancelOrder, onward, &order));
  TJ_TRY(Remember(call, order));
  return order;
}

absl::StatusOr<Order> ClinicOrders::Get(rpc::Call& call,
                                        const orders::v1::GetOrderRequest& request) {
  TJ_TRY(CheckOwn(call, facility_id_));
  std::optional<ClinicOrder> found;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    if (!request.id().empty()) {
      TJ_ASSIGN_OR_RETURN(found, FindOrder(session, request.id()));
    } else if (!request.accession_number().empty()) {
      TJ_ASSIGN_OR_RETURN(found, FindByAccession(session, request.accession_number()));
    } else if (!request.placer_order_number().empty()) {
      TJ_ASSIGN_OR_RETURN(found, FindByPlacer(session, request.placer_order_number()));
    } else {
      return base::InvalidField("id", "name an id, an accession number or a placer order number");
    }
    return absl::OkStatus();
  }));
  Order order;
  if (found) {
    order = found->order;
  } else {
    if (!link_.reachable()) return base::NotFound("order");
    TJ_TRY(Forward<OrderService>(link_, call, &OrderService::Stub::GetOrder, request, &order));
  }
  Touch(call, order);
  return order;
}

absl::Status ClinicOrders::List(rpc::Call& call, const orders::v1::ListOrdersRequest& request,
                                orders::v1::ListOrdersResponse* out) {
  TJ_TRY(CheckOwn(call, facility_id_));
  if (!request.center_id().empty() || request.needs_desk() || request.unbound() ||
      request.silent()) {
    return Forward<OrderService>(link_, call, &OrderService::Stub::ListOrders, request, out);
  }
  TJ_ASSIGN_OR_RETURN(const rpc::Page page, rpc::Page::Of(request, kPages));
  TJ_ASSIGN_OR_RETURN(OrderPosition position, PositionIn(page));
  ClinicOrderFilter filter{.patient_id = request.patient_id()};
  if (request.has_from_time()) filter.from = absl::ToUnixMicros(rpc::FromProto(request.from_time()));
  if (request.has_to_time()) filter.to = absl::ToUnixMicros(rpc::FromProto(request.to_time()));
  for (int64_t scanned = 0; scanned < kScannedMax; scanned += kScanStep) {
    std::vector<ClinicOrder> orders;
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(orders, ListOrders(session, filter, position, kScanStep));
      return absl::OkStatus();
    }));
    for (const ClinicOrder& clinic : orders) {
      if (out->orders_size() == page.size()) break;
      position = {CreatedOf(clinic.order), clinic.order.id()};
      if (!Fits(clinic.order, request)) continue;
      Touch(call, clinic.order);
      *out->add_orders() = clinic.order;
    }
    if (out->orders_size() == page.size()) break;
    if (static_cast<int64_t>(orders.size()) < kScanStep) return absl::OkStatus();
  }
  out->set_next_page_token(
      page.TokenAfter(std::to_string(position.created) + " " + position.id));
  return absl::OkStatus();
}

absl::StatusOr<std::string> ClinicOrders::HubId(const std::string& id) {
  std::optional<std::string> hub_id;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(hub_id, HubIdOf(session, id));
    return absl::OkStatus();
  }));
  if (!hub_id) return Link::Unreachable();
  return *hub_id;
}

absl::Status ClinicOrders::Remember(rpc::Call& call, const Order& order) {
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(ApplyHubOrder(tx, order));
    Touch(call, order);
    return call.trail().WriteIn(tx);
  });
}

}  // namespace tongjian::edge
