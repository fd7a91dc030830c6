#include "common/rpc/door.h"

#include <grpcpp/server_context.h>

#include <exception>
#include <typeinfo>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/rpc/evidence.h"
#include "common/rpc/gate.h"
#include "common/rpc/outcome.h"
#include "common/rpc/status.h"
#include "common/security/permission.h"
#include "common/telemetry/log.h"

namespace tongjian::rpc {
namespace {

// None may leave a handler: gRPC would answer UNKNOWN or UNIMPLEMENTED. Its what() may hold
// anything, so it is not kept.
absl::Status Run(absl::FunctionRef<absl::Status(Call&)> work, Call& call) {
  try {
    return work(call);
  } catch (const std::exception& error) {
    telemetry::Log(telemetry::Level::kError, "handler_threw",
                   {{"method", call.method()}, {"type", typeid(error).name()}});
  } catch (...) {
    telemetry::Log(telemetry::Level::kError, "handler_threw", {{"method", call.method()}});
  }
  return base::Error(absl::StatusCode::kInternal, "INTERNAL", "", "a fault on our side");
}

// Whose turn a call waits for; empty: nobody's.
std::string LineOf(const security::Caller& caller, const Arrival& arrival) {
  // Calls within the process and from the hub's other processes are parts of calls that have had
  // their turn: waiting again, two could wait for each other.
  if (arrival.peer.empty() || caller.kind == security::CallerKind::kService) return {};
  const std::string& facility = security::Originator(caller).facility_id;
  return facility.empty() ? arrival.peer : absl::StrCat("facility ", facility);
}

absl::Status AwaitTurn(Gate& gate, const std::string& line, const grpc::ServerContextBase* context,
                       absl::Time deadline, Admission& admission) {
  const absl::Duration began = gate.clock().Elapsed();
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Turn> turn, gate.turns().Take(line, deadline));
  admission.Hold(std::move(turn));
  gate.CountTurn(gate.clock().Elapsed() - began);
  if (context != nullptr && context->IsCancelled())
    return absl::CancelledError("the caller went away before its turn");
  return absl::OkStatus();
}

}  // namespace

Door::Door(Gate& gate, std::string_view service, AuditSink& sink)
    : gate_(gate), service_(service), sink_(sink) {}

const MethodRule& Door::RuleOf(std::string_view method) const {
  const MethodRule* rule = gate_.rules().Find(method);
  TJ_CHECK(rule != nullptr);  // Its service was never registered, or the name is misspelled.
  return *rule;
}

absl::Status Door::Admit(const absl::StatusOr<Arrival>& arrival,
                         const grpc::ServerContextBase* context, const MethodRule& rule,
                         Call::Entry& entry) const {
  TJ_TRY(arrival.status());
  entry.deed.peer = arrival->address;
  entry.deadline = arrival->deadline;
  if (!arrival->peer.empty()) {
    TJ_ASSIGN_OR_RETURN(entry.admission, gate_.load().Admit(arrival->peer, rule.streaming));
  }
  absl::StatusOr<Established> who = gate_.identity().Establish(arrival->evidence);
  if (who.ok()) {
    entry.deed.caller = std::move(who->caller);
    entry.token_issued = who->issued;
    entry.token_expiry = who->expiry;
  } else if (!rule.anonymous) {
    return who.status();
  }
  if (!rule.anonymous) {
    if (!security::Allows(entry.deed.caller, rule.permission)) {
      return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "",
                         absl::StrCat("the caller lacks the permission ", rule.permission));
    }
    entry.scope = security::ScopeFor(entry.deed.caller, rule.permission);
    entry.deed.scope_reason = entry.scope.reason();
  }
  if (entry.deadline == absl::InfiniteFuture() && !rule.streaming) {
    if (gate_.options().deadline_required) {
      return base::Error(absl::StatusCode::kInvalidArgument, "DEADLINE_REQUIRED", "",
                         "the call has no deadline");
    }
    entry.deadline = absl::Now() + gate_.options().deadline_default;
  }
  // Only a sync handler, and one of HTTP, runs on a thread of its own, which may wait; streams and
  // long polls take no turn.
  const bool may_wait = context == nullptr
                            ? !rule.streaming
                            : dynamic_cast<const grpc::ServerContext*>(context) != nullptr;
  const std::string line = LineOf(entry.deed.caller, *arrival);
  if (line.empty() || !may_wait) return absl::OkStatus();
  return AwaitTurn(gate_, line, context, entry.deadline, *entry.admission);
}

std::unique_ptr<Call> Door::Enter(grpc::ServerContextBase* context, const MethodRule& rule,
                                  const std::string& request_id, grpc::Status* refusal) const {
  Call::Entry entry;
  entry.deed.request_id = request_id;
  absl::StatusOr<std::unique_ptr<Call>> call =
      LetIn(ArrivalOf(*context), context, std::move(entry), rule);
  if (call.ok()) return *std::move(call);
  AddTrailers(context, request_id, call.status(), gate_.load().limits().retry_after);
  *refusal = ToGrpc(call.status(), request_id);
  return nullptr;
}

absl::StatusOr<std::unique_ptr<Call>> Door::LetIn(const absl::StatusOr<Arrival>& arrival,
                                                  grpc::ServerContextBase* context,
                                                  Call::Entry entry, const MethodRule& rule) const {
  entry.deed.service = service_;
  entry.deed.method = rule.method;
  entry.began = gate_.clock().Elapsed();
  const absl::Status admitted = Admit(arrival, context, rule, entry);
  if (admitted.ok()) {
    gate_.CountBegin(rule);
    return std::unique_ptr<Call>(new Call(*this, rule, context, std::move(entry)));
  }
  LogOutcome(rule, entry.deed.caller, admitted);
  gate_.CountEnd(rule, false, admitted, gate_.clock().Elapsed() - entry.began);
  Trail trail(std::move(entry.deed), gate_.clock());
  if (BelongsInTrail(rule, admitted) && !trail.Finish(sink_, admitted).ok())
    gate_.CountAuditFailure();
  return admitted;
}

absl::StatusOr<std::unique_ptr<Call>> Door::OpenHttp(Arrival arrival, std::string_view method,
                                                     const std::string& request_id) const {
  const MethodRule& rule = RuleOf(method);
  Call::Entry entry;
  entry.deed.source = Deed::Source::kHttp;
  entry.deed.request_id = request_id;
  // Requests state no deadline of their own.
  if (!rule.streaming) arrival.deadline = absl::Now() + gate_.options().deadline_default;
  return LetIn(arrival, nullptr, std::move(entry), rule);
}

grpc::Status Door::Serve(grpc::ServerContextBase* context, std::string_view method,
                         absl::FunctionRef<absl::Status(Call&)> work) const {
  const MethodRule& rule = RuleOf(method);
  const std::string request_id = RequestIdOf(*context);
  const telemetry::RequestScope log_scope(request_id);
  grpc::Status refusal;
  const std::unique_ptr<Call> call = Enter(context, rule, request_id, &refusal);
  if (call == nullptr) return refusal;
  return call->Close(Run(work, *call));
}

std::unique_ptr<Call> Door::Open(grpc::ServerContextBase* context, std::string_view method,
                                 grpc::Status* refusal) const {
  const MethodRule& rule = RuleOf(method);
  const std::string request_id = RequestIdOf(*context);
  const telemetry::RequestScope log_scope(request_id);
  std::unique_ptr<Call> call = Enter(context, rule, request_id, refusal);
  if (call == nullptr || !rule.streaming || !rule.patient_data) return call;
  const absl::Status recorded = call->RecordOpening();
  if (recorded.ok()) return call;
  *refusal = call->Close(TrailBroken(recorded));
  return nullptr;
}

}  // namespace tongjian::rpc
