// Reactors for streams that the door did not let in.
#pragma once

#include <grpcpp/support/server_callback.h>

namespace tongjian::rpc {

// Finishes at once with the refusal and deletes itself. `Reactor`: grpc::ServerWriteReactor<R>,
// ServerReadReactor<R> or ServerBidiReactor<A, B>.
template <class Reactor>
class RefusedStream final : public Reactor {
 public:
  explicit RefusedStream(const grpc::Status& refusal) { this->Finish(refusal); }
  void OnDone() override { delete this; }
};

template <class Reactor>
Reactor* Refuse(const grpc::Status& refusal) {
  return new RefusedStream<Reactor>(refusal);
}

}  // namespace tongjian::rpc
