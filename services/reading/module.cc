#include "services/reading/module.h"

#include <memory>
#include <string>
#include <utility>

#include "common/config/settings.h"
#include "common/feed/account_news.h"
#include "common/feed/follower.h"
#include "common/feed/mirror.h"
#include "common/runtime/runtime.h"
#include "common/runtime/ticker.h"
#include "common/store/database.h"
#include "services/reading/evidence.h"
#include "services/reading/follow_imaging.h"
#include "services/reading/follow_orders.h"
#include "services/reading/follow_registry.h"
#include "services/reading/names.h"
#include "services/reading/report_grpc.h"
#include "services/reading/reports.h"
#include "services/reading/schema.h"
#include "services/reading/signing_right.h"
#include "services/reading/task_grpc.h"
#include "services/reading/tasks.h"
#include "services/reading/timers.h"

namespace tongjian::reading {
namespace {

struct Settings {
  absl::Duration claim_lease = absl::Minutes(15);
  absl::Duration claim_check = absl::Seconds(5);
  absl::Duration registry_timeout = absl::Seconds(3);
  absl::Duration count_every = absl::Seconds(15);
  bool hold_release = false;

  void Describe(config::Settings& all) {
    all.Add("reading.claim-lease", &claim_lease, "How long a claim holds without a renewal or a saved draft",
            {.min = absl::Seconds(5), .max = absl::Hours(24)});
    all.Add("reading.claim-check", &claim_check, "How often claims that ran out are given back",
            {.min = absl::Milliseconds(100), .max = absl::Minutes(10)});
    all.Add("reading.registry-timeout", &registry_timeout, "How long a signature waits for the registry's word on the right to it",
            {.min = absl::Milliseconds(100), .max = absl::Seconds(30)});
    all.Add("reading.count-every", &count_every, "How often the queues are counted for metrics",
            {.min = absl::Seconds(1), .max = absl::Hours(1)});
    all.Add("reading.hold-release", &hold_release, "Final versions reach the clinic only by ReleaseReport");
  }
};

class Module final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<runtime::Module>> Create(runtime::Runtime& runtime, const Settings& settings) {
    TJ_ASSIGN_OR_RETURN(store::Database* database, runtime.OpenDatabase("reading", Schema()));
    std::unique_ptr<Module> module(new Module(runtime, settings, *database));
    TJ_TRY(module->Open(runtime));
    return module;
  }

  absl::Status Start() override {
    registry_->Start();
    orders_->Start();
    imaging_->Start();
    expiry_ = std::make_unique<runtime::Ticker>("reading_claims", settings_.claim_check, [this] { return claims_.RunOnce(); });
    counting_ = std::make_unique<runtime::Ticker>("reading_queues", settings_.count_every, [this] { return gauges_.RunOnce(); });
    return absl::OkStatus();
  }

  void Stop() override {
    counting_.reset();
    expiry_.reset();
    imaging_->Stop();
    orders_->Stop();
    registry_->Stop();
  }

 private:
  Module(runtime::Runtime& runtime, const Settings& settings, store::Database& database)
      : settings_(settings),
        database_(database),
        evidence_(runtime.ids()),
        tasks_(database, settings.claim_lease),
        right_(runtime.Channel("registry"), runtime.Identity("reading"), settings.registry_timeout),
        task_grpc_(tasks_, runtime.DoorOf("reading")),
        claims_(tasks_, runtime.clock()),
        gauges_(database, runtime.clock(), runtime.metrics()) {}

  absl::Status Open(runtime::Runtime& runtime) {
    TJ_ASSIGN_OR_RETURN(registry_, feed::Mirror::Open({.feed = "registry"},
                                                      {"FacilityChanged", "PractitionerChanged", feed::kAccountChanged},
                                                      runtime.Channel("registry"), runtime.Identity("reading"), database_,
                                                      runtime.metrics(), FollowRegistry(evidence_)));
    feed::RefuseVoidTokens(*registry_, runtime.void_tokens());
    names_ = std::make_unique<RegistryNames>(*registry_);
    reports_ = std::make_unique<Reports>(database_, runtime.ids(), runtime.signer(), right_, *names_,
                                         ReportRules{settings_.claim_lease, settings_.hold_release});
    report_grpc_ = std::make_unique<ReportGrpc>(*reports_, runtime.DoorOf("reading"));
    orders_ = Follow(runtime, "orders", FollowOrders(evidence_));
    imaging_ = Follow(runtime, "imaging", FollowImaging(evidence_));
    TJ_TRY(runtime.host().Register<v1::TaskService>(task_grpc_));
    return runtime.host().Register<v1::ReportService>(*report_grpc_);
  }

  std::unique_ptr<feed::Follower> Follow(runtime::Runtime& runtime, const std::string& feed,
                                         feed::Follower::Handler handler) {
    return std::make_unique<feed::Follower>(feed::FollowerOptions{.feed = feed}, runtime.Channel(feed),
                                            runtime.Identity("reading"), database_, runtime.metrics(), std::move(handler));
  }

  // In the order of use: what is destroyed first uses what stands before it.
  const Settings& settings_;
  store::Database& database_;
  Evidence evidence_;
  Tasks tasks_;
  RegistrySigningRight right_;
  TaskGrpc task_grpc_;
  ClaimWatch claims_;
  QueueGauges gauges_;
  std::unique_ptr<feed::Mirror> registry_;
  std::unique_ptr<Names> names_;
  std::unique_ptr<Reports> reports_;
  std::unique_ptr<ReportGrpc> report_grpc_;
  std::unique_ptr<feed::Follower> orders_;
  std::unique_ptr<feed::Follower> imaging_;
  std::unique_ptr<runtime::Ticker> expiry_;
  std::unique_ptr<runtime::Ticker> counting_;
};

}  // namespace

runtime::ModuleEntry ReadingModule() {
  auto settings = std::make_shared<Settings>();
  return {.name = "reading",
          .needs = {"registry"},
          .describe = [settings](config::Settings& all) { settings->Describe(all); },
          .create = [settings](runtime::Runtime& runtime) { return Module::Create(runtime, *settings); }};
}

}  // namespace tongjian::reading
