// Calls that go on to the hub as they came.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "common/base/status.h"
#include "common/rpc/call.h"
#include "common/rpc/channel.h"
#include "common/security/caller.h"
#include "services/edge/link.h"

namespace tongjian::edge {

inline constexpr absl::Duration kForwardTimeout = absl::Seconds(20);

// PERMISSION_DENIED unless the caller belongs to the gateway's own facility: nobody else's HIS is
// served here.
inline absl::Status CheckOwn(const rpc::Call& call, std::string_view facility_id) {
  if (call.scope().Contains(facility_id)) return absl::OkStatus();
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                     "this gateway serves its own clinic alone");
}

// Whom the hub is told the call is for; null where the gateway asks for itself.
inline const security::Caller* BehalfOf(const security::Caller& caller) {
  const security::Caller& origin = security::Originator(caller);
  const bool gateway = origin.kind == security::CallerKind::kMachine &&
                       origin.machine_role != security::MachineRole::kHis;
  return gateway ? nullptr : &origin;
}

// Makes the same call at the hub on behalf of this call's caller. UNAVAILABLE (HUB_UNREACHABLE) at
// once while it is away.
//   Forward<orders::v1::OrderService>(link_, call, &Stub::ModifyOrder, request, out)
template <class Service, class Method, class Request, class Response>
absl::Status Forward(const Link& link, const rpc::Call& call, Method method,
                     const Request& request, Response* response) {
  if (!link.reachable()) return Link::Unreachable();
  rpc::ClientCall out(rpc::OutgoingIdentity::Machine(), {.timeout = call.TimeLeft(kForwardTimeout),
                                                         .behalf = BehalfOf(call.caller()),
                                                         .request_id = call.request_id()});
  const auto stub = Service::NewStub(link.calls());
  return Link::Explain(out.Result((stub.get()->*method)(out.context(), request, response)));
}

}  // namespace tongjian::edge
