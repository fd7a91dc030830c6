// One admitted call, as its handler sees it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/rpc/trail.h"
#include "common/security/caller.h"
#include "common/security/scope.h"

namespace grpc {
class ServerContextBase;
class Status;
}  // namespace grpc

namespace tongjian::rpc {

class Admission;
class Door;
struct MethodRule;

// A call the door let in: who asks, whose rows may be touched, until when, and the trail it leaves.
// One thread at a time. It is closed once; one that is destroyed open counts as cancelled.
class Call {
 public:
  ~Call();
  Call(const Call&) = delete;

  const security::Caller& caller() const { return trail_.deed().caller; }
  // Whose rows this method may reach for this caller: hand it to every store query.
  const security::Scope& scope() const { return scope_; }
  // The id under which all services log this call. Not the request's own request_id.
  const std::string& request_id() const { return trail_.deed().request_id; }
  // "tongjian.orders.v1.OrderService/CreateOrder"
  const std::string& method() const { return trail_.deed().method; }
  // InfiniteFuture for a stream without one.
  absl::Time deadline() const { return deadline_; }
  // What is left of it, at most `at_most`: the time to give to a call of one's own.
  absl::Duration TimeLeft(absl::Duration at_most) const;
  const base::Clock& clock() const;
  bool cancelled() const;

  Trail& trail() { return trail_; }

  // Streams only: UNAUTHENTICATED when the caller's token has expired, or was made void, since the
  // call began.
  absl::Status StillHolds() const;

  // Streams only (Serve does it for unary calls): the outcome is recorded, counted and mapped for
  // the wire. After it, nothing of the call may be used.
  grpc::Status Close(const absl::Status& outcome);
  // The same of a call of HTTP: the outcome to answer, which differs where the trail could not be
  // written.
  absl::Status CloseHttp(const absl::Status& outcome) { return Settle(outcome); }

  // Puts what was touched on record now, before it is shown; UNAVAILABLE where the trail cannot be
  // written. The call's own end then leaves no second record of a success.
  absl::Status RecordNow();

 private:
  friend class Door;
  // What the door has found out of a call, let in or not.
  struct Entry {
    Deed deed;
    absl::Time token_issued = absl::InfiniteFuture();
    absl::Time token_expiry = absl::InfiniteFuture();
    security::Scope scope = security::Scope::Nothing();
    absl::Time deadline = absl::InfiniteFuture();
    absl::Duration began;
    std::unique_ptr<Admission> admission;
  };
  Call(const Door& door, const MethodRule& rule, grpc::ServerContextBase* context, Entry entry);
  // The trail of a stream's opening.
  absl::Status RecordOpening();
  // The trail of the whole; the outcome to give, which differs where the trail could not be
  // written.
  absl::Status Settle(const absl::Status& outcome);

  const Door& door_;
  const MethodRule& rule_;
  grpc::ServerContextBase* const context_;  // Null of HTTP.
  const absl::Time token_issued_;
  const absl::Time token_expiry_;
  const security::Scope scope_;
  const absl::Time deadline_;
  const absl::Duration began_;
  std::unique_ptr<Admission> admission_;
  Trail trail_;
  bool closed_ = false;
};

}  // namespace tongjian::rpc
