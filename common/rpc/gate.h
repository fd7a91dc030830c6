// What all doors of a process share: rules of methods, identities, load and numbers.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/rpc/access_table.h"
#include "common/rpc/admission.h"
#include "common/rpc/identity.h"
#include "common/rpc/turns.h"
#include "common/telemetry/metrics.h"

namespace tongjian::rpc {

struct GateOptions {
  IdentityOptions identity;
  LoadLimits load;
  TurnLimits turns;
  // A unary call without a deadline is refused; when false it gets `deadline_default`.
  bool deadline_required = true;
  absl::Duration deadline_default = absl::Seconds(30);
};

// Shared by the doors of one process. Methods are registered before the first call (ServerHost does
// it). Safe for concurrent use after that; `clock` and `metrics` must outlive it.
class Gate {
 public:
  Gate(GateOptions options, const base::Clock& clock, telemetry::Registry& metrics);
  ~Gate();

  // FAILED_PRECONDITION naming the first method without the access option, with an unknown
  // permission, or with neither a permission nor `anonymous`. `service`:
  // "tongjian.orders.v1.OrderService", linked into the program.
  absl::Status Register(std::string_view service);
  // The same for what is asked over HTTP, which no proto describes. `rule.method`:
  // "imaging.dicomweb/RetrieveStudy".
  absl::Status RegisterHttp(const MethodRule& rule);

  const AccessTable& rules() const { return rules_; }
  const Identity& identity() const { return identity_; }
  Load& load() { return load_; }
  Turns& turns() { return turns_; }
  const base::Clock& clock() const { return clock_; }
  const GateOptions& options() const { return options_; }

  // Counts a call that was let in, and every call's end: by method and code, with its time.
  void CountBegin(const MethodRule& rule);
  void CountEnd(const MethodRule& rule, bool was_let_in, const absl::Status& outcome,
                absl::Duration took);
  // How long a call from outside waited for its turn.
  void CountTurn(absl::Duration waited);
  // A record of the trail could not be written.
  void CountAuditFailure();

 private:
  struct Numbers;
  void AddNumbers(const MethodRule& rule);
  const GateOptions options_;
  const base::Clock& clock_;
  telemetry::Registry& metrics_;
  const Identity identity_;
  AccessTable rules_;
  Load load_;
  Turns turns_;
  const std::unique_ptr<Numbers> numbers_;
};

}  // namespace tongjian::rpc
