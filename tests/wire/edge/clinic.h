// A clinic's gateway and its hub: both whole, on TLS, with one authority. Either can be stopped and started again.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/dicom/scu.h"
#include "common/rpc/channel.h"
#include "common/runtime/process.h"
#include "common/security/authority.h"
#include "tongjian/edge/v1/edge.pb.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::edge {

inline constexpr char kClinic[] = "fac-tangxi";
inline constexpr char kEmergencyRoom[] = "ER-DR";  // One of edge.urgent-devices.

// What one object says.
struct ObjectWords {
  std::string study_uid;
  std::string sop_uid;
  std::string accession_number;
  std::string patient_id;
  std::string patient_name;
  std::string calling_ae = "DR1";
  size_t pixel_bytes = 4096;
  char pixel = 'a';
  size_t cut_bytes = 0;  // Missing at the end.
};

class ClinicTest : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  void StartHub();
  void StopHub();
  void StartGateway();
  void StopGateway();

  // Certificate files of a machine of the clinic, issued on first use.
  security::CredentialFiles Machine(const std::string& role);
  // Calls as the clinic's HIS: at the gateway, or at the hub itself.
  template <class Service, class Method, class Request, class Response>
  absl::Status AtGateway(Method method, const Request& request, Response* response) {
    return Call<Service>(ToGateway(), method, request, response);
  }
  template <class Service, class Method, class Request, class Response>
  absl::Status AtHub(Method method, const Request& request, Response* response) {
    return Call<Service>(ToHub(), method, request, response);
  }

  absl::StatusOr<orders::v1::Order> Order(const std::string& request_id, const std::string& patient);
  absl::StatusOr<orders::v1::Order> AtGatewayById(const std::string& id);
  // An order is numbered only from the first block on.
  void AwaitNumbers();
  v1::EdgeStatus Status();
  // Sends one object as a device; the DICOM status.
  uint16_t Send(const ObjectWords& words);
  // The worklist as a device reads it.
  std::vector<dicom::Dataset> Worklist();
  // Whether `holds` becomes true within half a minute.
  static bool Soon(const std::function<bool()>& holds);

  std::string folder_;
  base::SystemClock clock_;
  std::unique_ptr<security::Authority> authority_;
  std::unique_ptr<runtime::Process> hub_;
  std::unique_ptr<runtime::Process> gateway_;
  int hub_port_ = 0;

 private:
  template <class Service, class Method, class Request, class Response>
  static absl::Status Call(const std::shared_ptr<grpc::Channel>& channel, Method method,
                           const Request& request, Response* response) {
    const auto stub = Service::NewStub(channel);
    rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = absl::Seconds(30)});
    return call.Result((stub.get()->*method)(call.context(), request, response));
  }
  std::shared_ptr<grpc::Channel> To(int port, std::shared_ptr<grpc::Channel>& kept, int& kept_port);
  std::shared_ptr<grpc::Channel> ToHub() { return To(hub_port_, hub_channel_, hub_channel_port_); }
  std::shared_ptr<grpc::Channel> ToGateway();

  std::shared_ptr<grpc::Channel> hub_channel_;
  std::shared_ptr<grpc::Channel> gateway_channel_;
  int hub_channel_port_ = 0;
  int gateway_channel_port_ = 0;
};

}  // namespace tongjian::edge
