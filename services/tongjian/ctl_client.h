// Calls any method of the contract.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/rpc/channel.h"

namespace google::protobuf {
class Message;
class MethodDescriptor;
}  // namespace google::protobuf

namespace tongjian::program {

// One server as one person or machine. Not safe for concurrent use.
class CtlClient {
 public:
  CtlClient(std::shared_ptr<grpc::Channel> channel, rpc::OutgoingIdentity identity,
            absl::Duration timeout)
      : channel_(std::move(channel)), identity_(std::move(identity)), timeout_(timeout) {}

  // Sends the request and gives each message that comes back (one, or a stream of them) to `see`,
  // which ends the call by returning false. Methods that take a stream are UNIMPLEMENTED.
  absl::Status Call(const google::protobuf::MethodDescriptor& method,
                    const google::protobuf::Message& request,
                    const std::function<bool(const google::protobuf::Message&)>& see);

  // Under which id the last call stands in the hub's log.
  const std::string& request_id() const { return request_id_; }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const rpc::OutgoingIdentity identity_;
  const absl::Duration timeout_;
  std::string request_id_;
};

}  // namespace tongjian::program
