#include "services/edge/outgoing.h"

#include <optional>

#include "common/base/status.h"
#include "common/rpc/behalf.h"
#include "common/telemetry/log.h"
#include "services/edge/forward.h"
#include "services/edge/link.h"
#include "services/edge/order_store.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"
#include "tongjian/imaging/v1/performed_step.grpc.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::edge {
namespace {

constexpr store::RetryPolicy kRetry = {.first = absl::Milliseconds(500),
                                       .longest = absl::Seconds(15)};
constexpr int64_t kTrimAtOnce = 1000;
constexpr int64_t kOfSubjectMax = 100;

// Whether the hub can say something else later. An INTERNAL is its fault, not the order's.
bool IsRefusal(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kAlreadyExists:
      return true;
    default:
      return false;
  }
}

std::string Words(const absl::Status& status) {
  return std::string(status.message().data(), status.message().size());
}

// What a delivery keeps: for whom, a line feed, the request.
std::string Wrap(const security::Caller& caller, const google::protobuf::Message& request) {
  const security::Caller* behalf = BehalfOf(caller);
  return (behalf == nullptr ? std::string() : rpc::FormatBehalf(*behalf)) + "\n" +
         request.SerializeAsString();
}

}  // namespace

Outgoing::Outgoing(store::Database& database, Link& link)
    : database_(database), link_(link), deliveries_(database, "hub", kRetry) {}

Outgoing::~Outgoing() { Stop(); }

void Outgoing::Start() {
  worker_ = std::make_unique<store::DeliveryWorker>(
      deliveries_, store::DeliveryWorkerOptions{},
      [this](const store::Delivery& delivery) { return Deliver(delivery); });
}

void Outgoing::Stop() { worker_.reset(); }

void Outgoing::Wake() {
  if (worker_ != nullptr) worker_->Wake();
}

absl::Status Outgoing::Enqueue(store::Transaction& tx, const security::Caller& caller,
                               std::string_view kind, const std::string& subject,
                               const google::protobuf::Message& request) {
  return deliveries_.Enqueue(tx, subject, kind, Wrap(caller, request));
}

absl::Status Outgoing::Create(store::Transaction& tx, const security::Caller& caller,
                              const std::string& subject,
                              const google::protobuf::Message& request) {
  return Enqueue(tx, caller, kCreateDelivery, subject, request);
}

absl::Status Outgoing::Cancel(store::Transaction& tx, const security::Caller& caller,
                              const std::string& subject,
                              const google::protobuf::Message& request) {
  return Enqueue(tx, caller, kCancelDelivery, subject, request);
}

absl::Status Outgoing::Acknowledge(store::Transaction& tx, const security::Caller& caller,
                                   const std::string& subject,
                                   const google::protobuf::Message& request) {
  return Enqueue(tx, caller, kAcknowledgeDelivery, subject, request);
}

absl::Status Outgoing::PutStep(store::Transaction& tx, const security::Caller& caller,
                               const std::string& subject,
                               const google::protobuf::Message& request) {
  return Enqueue(tx, caller, kStepDelivery, subject, request);
}

absl::Status Outgoing::Deliver(const store::Delivery& delivery) {
  if (!link_.reachable()) return absl::UnavailableError("the hub is away");
  const size_t line = delivery.payload.find('\n');
  if (line == std::string::npos) return absl::DataLossError("a damaged delivery");
  std::optional<security::Caller> behalf;
  if (line > 0) {
    TJ_ASSIGN_OR_RETURN(behalf, rpc::ParseBehalf(delivery.payload.substr(0, line)));
  }
  const security::Caller* caller = behalf ? &*behalf : nullptr;
  const std::string bytes = delivery.payload.substr(line + 1);
  absl::Status status = absl::InvalidArgumentError("an unknown kind of delivery");
  if (delivery.kind == kCreateDelivery) status = DeliverCreate(delivery.destination, caller, bytes);
  if (delivery.kind == kCancelDelivery) status = DeliverCancel(delivery.destination, caller, bytes);
  if (delivery.kind == kAcknowledgeDelivery) status = DeliverAcknowledgement(caller, bytes);
  if (delivery.kind == kStepDelivery) status = DeliverStep(bytes);
  if (status.ok() || !IsRefusal(status)) return status;
  telemetry::Log(
      telemetry::Level::kError, "hub_refused",
      {{"kind", delivery.kind}, {"subject", delivery.destination}, {"status", status}});
  return absl::FailedPreconditionError(status.message());
}

absl::Status Outgoing::DeliverCreate(const std::string& subject, const security::Caller* behalf,
                                     const std::string& bytes) {
  orders::v1::CreateOrderRequest request;
  if (!request.ParseFromString(bytes)) return absl::DataLossError("a damaged delivery");
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.behalf = behalf});
  orders::v1::Order order;
  const auto stub = orders::v1::OrderService::NewStub(link_.calls());
  absl::Status created = call.Result(stub->CreateOrder(call.context(), request, &order));
  if (absl::IsAlreadyExists(created)) {
    // The hub has forgotten the request, not the order: the number is from this gateway's block.
    orders::v1::GetOrderRequest get;
    get.set_accession_number(request.order().accession_number());
    rpc::ClientCall again(rpc::OutgoingIdentity::Machine(), {.behalf = behalf});
    const absl::Status found = again.Result(stub->GetOrder(again.context(), get, &order));
    if (!found.ok() && !IsRefusal(found)) return found;
    if (found.ok()) created = found;
  }
  const absl::Status kept = database_.Write([&](store::Transaction& tx) -> absl::Status {
    if (created.ok()) return ApplyHubOrder(tx, order);
    return IsRefusal(created) ? NoteRefusal(tx, subject, Words(created)) : absl::OkStatus();
  });
  if (!kept.ok()) return absl::UnavailableError("the gateway's own records cannot be written");
  if (order_taken_ != nullptr) order_taken_();
  return created;
}

absl::Status Outgoing::DeliverCancel(const std::string& subject, const security::Caller* behalf,
                                     const std::string& bytes) {
  orders::v1::CancelOrderRequest request;
  if (!request.ParseFromString(bytes)) return absl::DataLossError("a damaged delivery");
  std::optional<std::string> hub_id;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(hub_id, HubIdOf(session, subject));
    return absl::OkStatus();
  }));
  // Its creation was refused: there is nothing to cancel.
  if (!hub_id) return absl::OkStatus();
  request.set_id(*hub_id);
  orders::v1::Order order;
  const auto stub = orders::v1::OrderService::NewStub(link_.calls());
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.behalf = behalf});
  const absl::Status canceled =
      call.Result(stub->CancelOrder(call.context(), request, &order));
  if (!canceled.ok()) {
    if (!IsRefusal(canceled)) return canceled;
    orders::v1::GetOrderRequest get;
    get.set_id(*hub_id);
    rpc::ClientCall again(rpc::OutgoingIdentity::Machine(), {.behalf = behalf});
    TJ_TRY(again.Result(stub->GetOrder(again.context(), get, &order)));
  }
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(ForgetCancel(tx, *hub_id));
    return ApplyHubOrder(tx, order);
  }));
  // What is cancelled already is what was asked for.
  return IsOver(order) ? absl::OkStatus() : canceled;
}

absl::Status Outgoing::DeliverStep(const std::string& bytes) {
  imaging::v1::PutPerformedStepRequest request;
  if (!request.ParseFromString(bytes)) return absl::DataLossError("a damaged delivery");
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {});
  imaging::v1::PerformedStep step;
  return call.Result(imaging::v1::PerformedStepService::NewStub(link_.calls())
                         ->PutPerformedStep(call.context(), request, &step));
}

absl::Status Outgoing::DeliverAcknowledgement(const security::Caller* behalf,
                                              const std::string& bytes) {
  exchange::v1::AcknowledgeResultRequest request;
  if (!request.ParseFromString(bytes)) return absl::DataLossError("a damaged delivery");
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.behalf = behalf});
  exchange::v1::Result result;
  const absl::Status told = call.Result(exchange::v1::ResultService::NewStub(link_.calls())
                                            ->AcknowledgeResult(call.context(), request, &result));
  if (!absl::IsNotFound(told)) return told;
  // A hub restored from a backup has forgotten it: no person can do anything about that here.
  telemetry::Log(telemetry::Level::kWarning, "acknowledged_result_unknown_at_hub",
                 {{"result", request.id()}});
  return absl::OkStatus();
}

absl::StatusOr<store::DeliveryPage> Outgoing::Delivered(int64_t after, int64_t limit) {
  return deliveries_.List(store::DeliveryState::kDone, std::nullopt, after, limit);
}

absl::StatusOr<bool> Outgoing::HasCancel(const std::string& subject) {
  for (const auto state : {store::DeliveryState::kDone, store::DeliveryState::kPending}) {
    TJ_ASSIGN_OR_RETURN(const store::DeliveryPage page,
                        deliveries_.List(state, subject, 0, kOfSubjectMax));
    for (const store::Delivery& delivery : page.deliveries) {
      if (delivery.kind == kCancelDelivery) return true;
    }
  }
  return false;
}

absl::Status Outgoing::Repeat(store::Transaction& tx, int64_t delivery_id) {
  return deliveries_.Repeat(tx, delivery_id);
}

absl::StatusOr<int64_t> Outgoing::CountRefused() {
  TJ_ASSIGN_OR_RETURN(const std::vector<store::DeliveryStats> stats, deliveries_.Stats());
  int64_t refused = 0;
  for (const store::DeliveryStats& destination : stats) refused += destination.failed;
  return refused;
}

absl::Status Outgoing::Trim(absl::Time before) {
  return deliveries_.Trim(before, kTrimAtOnce).status();
}

}  // namespace tongjian::edge
