#include "common/rpc/gate.h"

#include <google/protobuf/descriptor.h>

#include <array>
#include <atomic>
#include <unordered_map>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::rpc {
namespace {

constexpr int kCodes = 17;  // OK to UNAUTHENTICATED.

}  // namespace

// One method's metrics, looked up once.
struct Gate::Numbers {
  struct Method {
    // Made when first used: most methods never see most codes.
    std::array<std::atomic<telemetry::Counter*>, kCodes> by_code = {};
    telemetry::Histogram* seconds = nullptr;
    telemetry::Gauge* running = nullptr;
  };
  std::unordered_map<const MethodRule*, Method> methods;
  telemetry::Counter* audit_failures = nullptr;
  telemetry::Histogram* turn_seconds = nullptr;
  telemetry::Registry::Watch waiting;

  Method& Of(const MethodRule& rule) {
    const auto found = methods.find(&rule);
    TJ_CHECK(found != methods.end());
    return found->second;
  }
};

Gate::Gate(GateOptions options, const base::Clock& clock, telemetry::Registry& metrics)
    : options_(std::move(options)),
      clock_(clock),
      metrics_(metrics),
      identity_(options_.identity, clock),
      load_(options_.load),
      turns_(options_.turns),
      numbers_(std::make_unique<Numbers>()) {
  numbers_->audit_failures =
      &metrics.GetCounter("tongjian_audit_append_failures_total",
                          "Calls answered UNAVAILABLE because the trail could not be written");
  numbers_->turn_seconds = &metrics.GetHistogram(
      "tongjian_rpc_turn_seconds", "Time a call from outside waited for its facility's turn");
  numbers_->waiting =
      metrics.WatchGauge("tongjian_rpc_waiting", "Calls that wait for their facility's turn", {},
                         [this] { return static_cast<double>(turns_.waiting()); });
}

Gate::~Gate() = default;

absl::Status Gate::Register(std::string_view service) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(std::string(service));
  if (descriptor == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("no descriptor of service ", std::string(service)));
  }
  TJ_TRY(rules_.Add(*descriptor));
  for (int i = 0; i < descriptor->method_count(); ++i) {
    AddNumbers(
        *rules_.Find(absl::StrCat(descriptor->full_name(), "/", descriptor->method(i)->name())));
  }
  return absl::OkStatus();
}

absl::Status Gate::RegisterHttp(const MethodRule& rule) {
  TJ_TRY(rules_.Add(rule));
  AddNumbers(*rules_.Find(rule.method));
  return absl::OkStatus();
}

void Gate::AddNumbers(const MethodRule& rule) {
  Numbers::Method& method = numbers_->methods[&rule];
  const telemetry::Labels labels = {{"method", rule.method}};
  method.seconds =
      &metrics_.GetHistogram("tongjian_rpc_seconds", "Time a call took at the door", labels);
  method.running = &metrics_.GetGauge("tongjian_rpc_running", "Calls let in and not ended", labels);
}

void Gate::CountBegin(const MethodRule& rule) { numbers_->Of(rule).running->Add(1); }

void Gate::CountEnd(const MethodRule& rule, bool was_let_in, const absl::Status& outcome,
                    absl::Duration took) {
  Numbers::Method& method = numbers_->Of(rule);
  if (was_let_in) method.running->Add(-1);
  std::atomic<telemetry::Counter*>& counter =
      method.by_code[static_cast<size_t>(outcome.code()) % kCodes];
  if (counter.load() == nullptr) {
    counter = &metrics_.GetCounter(
        "tongjian_rpc_total", "Calls that ended, refused ones too",
        {{"method", rule.method}, {"code", absl::StatusCodeToString(outcome.code())}});
  }
  counter.load()->Add();
  method.seconds->Observe(absl::ToDoubleSeconds(took));
}

void Gate::CountTurn(absl::Duration waited) {
  numbers_->turn_seconds->Observe(absl::ToDoubleSeconds(waited));
}

void Gate::CountAuditFailure() { numbers_->audit_failures->Add(); }

}  // namespace tongjian::rpc
