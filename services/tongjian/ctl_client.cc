#include "services/tongjian/ctl_client.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/impl/codegen/proto_utils.h>

#include "common/base/status.h"
#include "services/tongjian/ctl_contract.h"

namespace tongjian::program {
namespace {

// The next completion of a queue that has one operation at a time.
bool Wait(grpc::CompletionQueue& queue) {
  void* tag = nullptr;
  bool ok = false;
  return queue.Next(&tag, &ok) && ok;
}

// The queue must be drained before it is destroyed.
struct Queue {
  grpc::CompletionQueue queue;
  ~Queue() {
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
  }
};

}  // namespace

absl::Status CtlClient::Call(const google::protobuf::MethodDescriptor& method,
                             const google::protobuf::Message& request,
                             const std::function<bool(const google::protobuf::Message&)>& see) {
  if (method.client_streaming())
    return absl::UnimplementedError("this method takes a stream: gateways call it");
  grpc::ByteBuffer out;
  bool own = false;
  if (!grpc::GenericSerialize<grpc::ProtoBufferWriter, google::protobuf::Message>(request, &out,
                                                                                  &own)
           .ok()) {
    return absl::InternalError("the request cannot be encoded");
  }
  rpc::ClientCall call(
      identity_,
      {.timeout = timeout_, .behalf = nullptr, .request_id = "", .wait_for_ready = false});
  request_id_ = call.request_id();
  grpc::GenericStub stub(channel_);
  Queue queue;
  auto stream = stub.PrepareCall(call.context(), "/" + NameOf(method), &queue.queue);
  stream->StartCall(nullptr);
  if (Wait(queue.queue)) {
    stream->WriteLast(out, grpc::WriteOptions(), nullptr);
    Wait(queue.queue);
  }
  while (true) {
    grpc::ByteBuffer in;
    stream->Read(&in, nullptr);
    if (!Wait(queue.queue)) break;
    auto response = NewResponse(method);
    if (!grpc::GenericDeserialize<grpc::ProtoBufferReader, google::protobuf::Message>(
             &in, response.get())
             .ok()) {
      return absl::InternalError(
          "the response cannot be decoded: server and tool are of different versions");
    }
    if (!see(*response)) {
      call.context()->TryCancel();
      break;
    }
  }
  grpc::Status status;
  stream->Finish(&status, nullptr);
  Wait(queue.queue);
  return call.Result(status);
}

}  // namespace tongjian::program
