// A hub with the registry alone, on TLS with an authority of its own, started with the Jinhua
// networks.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "common/base/clock.h"
#include "common/rpc/channel.h"
#include "common/runtime/process.h"
#include "tongjian/registry/v1/center.grpc.pb.h"
#include "tongjian/registry/v1/community.grpc.pb.h"
#include "tongjian/registry/v1/consent.grpc.pb.h"
#include "tongjian/registry/v1/facility.grpc.pb.h"
#include "tongjian/registry/v1/patient.grpc.pb.h"
#include "tongjian/registry/v1/practitioner.grpc.pb.h"

namespace tongjian::registry {

namespace pb = tongjian::registry::v1;

// One end that calls the hub: a channel and what its calls carry.
struct Client {
  std::shared_ptr<grpc::Channel> channel;
  rpc::OutgoingIdentity identity;

  // client.Call<pb::FacilityService>(&pb::FacilityService::Stub::GetFacility, request, &response)
  template <class Service, class Method, class Request, class Response>
  absl::Status Call(Method method, const Request& request, Response* response) const {
    const auto stub = Service::NewStub(channel);
    rpc::ClientCall call(identity, {.timeout = absl::Seconds(30)});
    return call.Result((stub.get()->*method)(call.context(), request, response));
  }
};

class HubTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  // Starts the hub on the test's folder: again after Stop it is the same hub.
  void Start();
  void Stop() { hub_.reset(); }

  // A service of the hub.
  Client Service();
  // Anybody who knows the hub's authority.
  Client Stranger();
  // Who logs in with that password.
  Client Person(const std::string& user_name, const std::string& password);
  // The operator with the first password.
  Client Operator();
  // A machine that has enrolled.
  Client Machine(const std::string& facility_id, const std::string& role);
  // An account of that role, logged in.
  Client WithRole(const std::string& role, const std::string& facility_id);

  std::string folder_;
  base::SystemClock clock_;
  std::unique_ptr<runtime::Process> hub_;
};

}  // namespace tongjian::registry
