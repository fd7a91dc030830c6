// A hub with reading and the registry of the sample community; orders and imaging are feeds that the test writes.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/channel.h"
#include "common/rpc/host.h"
#include "common/runtime/process.h"
#include "common/runtime/runtime.h"
#include "common/store/database.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/reading/v1/report.grpc.pb.h"
#include "tongjian/reading/v1/task.grpc.pb.h"

namespace tongjian::reading {

inline constexpr char kClinic[] = "fac-chengdong";
inline constexpr char kHub[] = "fac-jinhua-zhongxin";

MATCHER(IsOk, "") {
  *result_listener << arg.ToString();
  return arg.ok();
}
MATCHER_P(HasReason, reason, "") {
  *result_listener << arg.ToString();
  return base::DetailOf(arg).reason == reason;
}

class ReadingHub : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;
  // What the hub is set to beside the sample community.
  virtual std::vector<std::string> Flags() { return {}; }

  void Publish(const std::string& feed, const std::string& key, const google::protobuf::Message& change);
  // An order of the clinic for the hub's center, and its complete study; the task once it is queued.
  v1::Task PublishExam(const std::string& order_id);
  // The next change of feed "reading" that `wanted` accepts, from where the last call stopped.
  events::v1::Event Await(const std::function<bool(const events::v1::Event&)>& wanted);

  rpc::OutgoingIdentity Person(const std::string& practitioner, const std::string& facility, const std::string& role);
  rpc::OutgoingIdentity Reader(int number) {
    return Person("prac-zhongxin-reader-" + std::to_string(number), kHub, "reader");
  }

  rpc::OutgoingIdentity Head() { return Person("prac-zhongxin-reader-2", kHub, "center_head"); }

  template <class Service, class Method, class Request, class Response>
  absl::Status Call(Method method, const rpc::OutgoingIdentity& identity, const Request& request, Response* response) {
    rpc::ClientCall call(identity, {.timeout = absl::Seconds(30)});
    const auto stub = Service::NewStub(process_->runtime().host().InProcessChannel());
    return call.Result((stub.get()->*method)(call.context(), request, response));
  }
  absl::StatusOr<v1::Task> Claim(const rpc::OutgoingIdentity& identity, const std::string& task_id);
  absl::StatusOr<v1::Report> Draft(const rpc::OutgoingIdentity& identity, const v1::Task& task);
  absl::StatusOr<v1::Report> Sign(const rpc::OutgoingIdentity& identity, const v1::Task& task, const v1::Report& report);
  absl::StatusOr<v1::Report> Get(const rpc::OutgoingIdentity& identity, const std::string& report_id);

  base::SystemClock clock_;
  std::string directory_;
  std::map<std::string, store::Database*> publishers_;
  std::unique_ptr<runtime::Process> process_;
  std::string cursor_;
  int requests_ = 0;
};

}  // namespace tongjian::reading
