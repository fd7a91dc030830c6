#include "tests/wire/rpc/closed_door.h"

#include <google/protobuf/empty.pb.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include <chrono>
#include <future>

namespace tongjian::rpc {
namespace {

// A bidirectional call works on methods of every kind: it sends one message and reads until the
// status.
class Prober final
    : public grpc::ClientBidiReactor<google::protobuf::Empty, google::protobuf::Empty> {
 public:
  Prober(grpc::TemplatedGenericStub<google::protobuf::Empty, google::protobuf::Empty>& stub,
         const std::string& method) {
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    stub.PrepareBidiStreamingCall(&context_, "/" + method, {}, this);
    StartWriteLast(&request_, {});
    StartRead(&response_);
    StartCall();
  }
  void OnReadDone(bool ok) override {
    if (ok) StartRead(&response_);
  }
  void OnDone(const grpc::Status& status) override { status_.set_value(status); }
  grpc::Status Await() { return status_.get_future().get(); }

 private:
  grpc::ClientContext context_;
  google::protobuf::Empty request_;
  google::protobuf::Empty response_;
  std::promise<grpc::Status> status_;
};

}  // namespace

std::vector<MethodAnswer> CallEveryMethod(const std::shared_ptr<grpc::Channel>& channel,
                                          const AccessTable& rules) {
  grpc::TemplatedGenericStub<google::protobuf::Empty, google::protobuf::Empty> stub(channel);
  std::vector<MethodAnswer> answers;
  for (const auto& [method, rule] : rules.rules()) {
    Prober prober(stub, method);
    const grpc::Status status = prober.Await();
    answers.push_back({method, rule.anonymous, static_cast<absl::StatusCode>(status.error_code())});
  }
  return answers;
}

}  // namespace tongjian::rpc
