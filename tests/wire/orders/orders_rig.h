// The orders service in a real process: doors, feeds, DICOM port. The four services it follows are
// databases that only publish.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "common/runtime/process.h"
#include "common/store/database.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/orders/v1/order_service.grpc.pb.h"

namespace tongjian::orders {

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}
MATCHER_P(HasReason, reason, "") {
  *result_listener << arg.ToString();
  return base::DetailOf(arg).reason == reason;
}

class OrdersRig : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  void StartProcess();
  void StopProcess();

  // Into the outbox of "registry", "imaging", "reading" or "exchange".
  void Publish(const std::string& feed, const std::string& key,
               const google::protobuf::Message& change);
  // A county with a lead that hosts an imaging center, a township that is a member, its DX device
  // at 127.0.0.1 that reads GB18030. The center comes last: once an order has been routed there,
  // all of it is known.
  void PublishCounty();

  // The next change on feed "orders" that `wanted` accepts, from where the last call stopped.
  v1::Order Await(const std::function<bool(const events::v1::OrderChanged&)>& wanted);
  v1::Order AwaitState(const std::string& id, v1::OrderState state);

  rpc::OutgoingIdentity As(const std::string& facility, const std::string& role);
  v1::CreateOrderRequest ChestOrder(const std::string& request_id);
  // Creates by town-a's doctor and waits until the order has a center.
  v1::Order Created();

  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (v1::OrderService::Stub::*method)(grpc::ClientContext*,
                                                                   const Request&, Response*),
                    const rpc::OutgoingIdentity& identity, const Request& request,
                    Response* response) {
    rpc::ClientCall call(identity, {.timeout = absl::Seconds(30)});
    const auto stub = v1::OrderService::NewStub(process_->runtime().host().InProcessChannel());
    return call.Result((*stub.*method)(call.context(), request, response));
  }

  base::SystemClock clock_;
  std::string directory_;
  std::map<std::string, store::Database*> publishers_;
  std::unique_ptr<runtime::Process> process_;
  std::string cursor_;
};

}  // namespace tongjian::orders
