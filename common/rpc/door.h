// The one door that every call of a service goes through: gRPC interceptors cannot refuse.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/rpc/call.h"

namespace tongjian::rpc {

class Gate;
struct Arrival;

// One service's door: admits (identity, permission, deadline, load), runs the handler, writes the
// trail, counts, and maps the status. Safe for concurrent use; `gate` (the process's) and `sink`
// (the service's) must outlive it. No exception and no unaudited patient data get past it: when the
// trail cannot be written, the answer is UNAVAILABLE.
//
// A unary handler:
//   grpc::Status OrdersGrpc::GetOrder(grpc::ServerContext* context,
//                                     const pb::GetOrderRequest* request, pb::Order* out) {
//     constexpr char kMethod[] = "tongjian.orders.v1.OrderService/GetOrder";
//     return door_.Serve(context, kMethod, [&](rpc::Call& call) -> absl::Status {
//       TJ_ASSIGN_OR_RETURN(const Order order, orders_.Get(call.scope(), request->id()));
//       call.trail().TouchPatient(order.patient_id);
//       Encode(order, out);
//       return absl::OkStatus();
//     });
//   }
// A stream (callback API; Refuse is in common/rpc/reactor.h), inside the overridden method:
//   grpc::Status refusal;
//   auto call = door_.Open(context, "tongjian.events.v1.FeedService/WatchFeed", &refusal);
//   if (call == nullptr) return rpc::Refuse<grpc::ServerWriteReactor<pb::Page>>(refusal);
//   return new Watcher(std::move(call), *request);
// The reactor ends by Finish(call_->Close(status)), and deletes itself in OnDone.
class Door {
 public:
  // `service`: its name in the trail and in metrics, "orders".
  Door(Gate& gate, std::string_view service, AuditSink& sink);

  // `method`: "<package>.<Service>/<Method>"; its service was registered with the gate (checked).
  grpc::Status Serve(grpc::ServerContextBase* context, std::string_view method,
                     absl::FunctionRef<absl::Status(Call&)> work) const;

  // The same door for a stream: null and a refusal for the wire, or an open call that its reactor
  // closes. Where the method touches patients' data, the opening is in the trail before this
  // returns.
  std::unique_ptr<Call> Open(grpc::ServerContextBase* context, std::string_view method,
                             grpc::Status* refusal) const;

  // The same door for HTTP. `method` was registered with Gate::RegisterHttp (checked); the call
  // ends by Call::CloseHttp. A refusal is in the trail when this returns; of what is let in, the
  // record is the handler's to write before the first byte of a patient's data goes out
  // (Trail::Finish), or the call's end writes it.
  absl::StatusOr<std::unique_ptr<Call>> OpenHttp(Arrival arrival, std::string_view method,
                                                 const std::string& request_id) const;

  const std::string& service() const { return service_; }

 private:
  friend class Call;
  // Fills in what it finds; the status says whether the call is let in.
  absl::Status Admit(const absl::StatusOr<Arrival>& arrival, const grpc::ServerContextBase* context,
                     const MethodRule& rule, Call::Entry& entry) const;
  // Lets the call in, or leaves the refusal in log, numbers and trail.
  absl::StatusOr<std::unique_ptr<Call>> LetIn(const absl::StatusOr<Arrival>& arrival,
                                              grpc::ServerContextBase* context, Call::Entry entry,
                                              const MethodRule& rule) const;
  std::unique_ptr<Call> Enter(grpc::ServerContextBase* context, const MethodRule& rule,
                              const std::string& request_id, grpc::Status* refusal) const;
  const MethodRule& RuleOf(std::string_view method) const;

  Gate& gate_;
  const std::string service_;
  AuditSink& sink_;
};

}  // namespace tongjian::rpc
