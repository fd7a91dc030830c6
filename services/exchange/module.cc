#include "services/exchange/module.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "common/config/settings.h"
#include "common/feed/account_news.h"
#include "common/feed/follower.h"
#include "common/feed/mirror.h"
#include "common/runtime/runtime.h"
#include "common/runtime/ticker.h"
#include "common/store/database.h"
#include "services/exchange/decisions.h"
#include "services/exchange/external.h"
#include "services/exchange/follow_imaging.h"
#include "services/exchange/follow_orders.h"
#include "services/exchange/follow_reading.h"
#include "services/exchange/follow_registry.h"
#include "services/exchange/patient_resolver.h"
#include "services/exchange/prompt_timer.h"
#include "services/exchange/publisher.h"
#include "services/exchange/recognition_grpc.h"
#include "services/exchange/recognizer.h"
#include "services/exchange/registry_facts.h"
#include "services/exchange/result_feed.h"
#include "services/exchange/result_grpc.h"
#include "services/exchange/schema.h"

namespace tongjian::exchange {
namespace {

struct Settings {
  std::string time_zone = "Asia/Shanghai";
  absl::Duration prompt_timeout = absl::Hours(24);
  absl::Duration timer_every = absl::Minutes(1);
  bool level_gate = false;
  int64_t window_days = 30;

  void Describe(config::Settings& all) {
    all.Add("exchange.time-zone", &time_zone, "The hub's time zone: recognition windows count in its days");
    all.Add("exchange.prompt-timeout", &prompt_timeout, "After this a recognition prompt without decision is ignored",
            {.min = absl::Minutes(1)});
    all.Add("exchange.timer-every", &timer_every, "How often such prompts are looked for",
            {.min = absl::Seconds(1), .max = absl::Hours(24)});
    all.Add("exchange.level-gate", &level_gate,
            "Outside a community, hospitals of grade 二级甲等 and above need not take what lower grades made");
    all.Add("exchange.window-days", &window_days, "[design] Window of exams the catalog does not know",
            {.min = 0, .max = 3650});
  }
};

// China has had one zone without daylight saving time since 1992: it is known even where no zone files are installed.
absl::StatusOr<absl::TimeZone> ZoneOf(const std::string& name) {
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  if (name == "Asia/Shanghai") return absl::FixedTimeZone(8 * 3600);
  return base::InvalidField("exchange.time-zone", "no such time zone: " + name);
}

class Module final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<runtime::Module>> Create(runtime::Runtime& runtime,
                                                                 const Settings& settings) {
    TJ_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(settings.time_zone));
    TJ_ASSIGN_OR_RETURN(store::Database * database, runtime.OpenDatabase("exchange", Schema()));
    std::unique_ptr<Module> module(new Module(runtime, settings, *database));
    TJ_TRY(module->Open(runtime, zone));
    return module;
  }

  absl::Status Start() override {
    registry_->Start();
    orders_->Start();
    imaging_->Start();
    reading_->Start();
    timer_.emplace("exchange_prompts", timer_every_, [this] { return prompts_.RunOnce(); });
    return absl::OkStatus();
  }

  void Stop() override {
    feed_.Close();
    timer_.reset();
    reading_->Stop();
    imaging_->Stop();
    orders_->Stop();
    registry_->Stop();
  }

 private:
  Module(runtime::Runtime& runtime, const Settings& settings, store::Database& database)
      : database_(database),
        source_([this] { return facts_->Now(); }),
        publisher_(source_, runtime.ids()),
        decisions_(database, source_, runtime.ids()),
        external_(database, runtime.ids()),
        patients_(database, runtime.Channel("registry"), runtime.Identity("exchange"), runtime.ids()),
        recognizer_(database, decisions_, source_, runtime.ids(),
                    {settings.prompt_timeout, settings.level_gate, static_cast<int>(settings.window_days)}),
        feed_(database, runtime.DoorOf("exchange")),
        prompts_(decisions_, runtime.clock(), runtime.calm()),
        timer_every_(settings.timer_every),
        results_grpc_({database, external_, patients_, source_, feed_, runtime.DoorOf("exchange")}),
        recognition_grpc_(database, recognizer_, decisions_, patients_, runtime.clock(),
                          runtime.DoorOf("exchange")) {}

  absl::Status Open(runtime::Runtime& runtime, absl::TimeZone zone) {
    TJ_ASSIGN_OR_RETURN(registry_,
                        feed::Mirror::Open({.feed = "registry"}, MirroredTypes(), runtime.Channel("registry"),
                                           runtime.Identity("exchange"), database_, runtime.metrics(),
                                           FollowRegistry(publisher_, decisions_)));
    feed::RefuseVoidTokens(*registry_, runtime.void_tokens());
    facts_ = std::make_unique<RegistryFacts>(*registry_, zone);
    orders_ = Follow(runtime, "orders", FollowOrders(publisher_, decisions_));
    imaging_ = Follow(runtime, "imaging", FollowImaging(publisher_));
    reading_ = Follow(runtime, "reading", FollowReading(publisher_));
    held_ = WatchHeld(runtime.metrics(), database_);
    TJ_TRY(runtime.host().Register<v1::ResultService>(results_grpc_));
    return runtime.host().Register<v1::RecognitionService>(recognition_grpc_);
  }

  std::unique_ptr<feed::Follower> Follow(runtime::Runtime& runtime, const std::string& feed,
                                         feed::Follower::Handler handler) {
    return std::make_unique<feed::Follower>(feed::FollowerOptions{.feed = feed}, runtime.Channel(feed),
                                            runtime.Identity("exchange"), database_, runtime.metrics(),
                                            std::move(handler));
  }

  // In the order of use: what is destroyed first uses what stands before it.
  store::Database& database_;
  std::unique_ptr<RegistryFacts> facts_;
  const FactSource source_;
  Publisher publisher_;
  Decisions decisions_;
  External external_;
  PatientResolver patients_;
  Recognizer recognizer_;
  ResultFeed feed_;
  PromptTimer prompts_;
  const absl::Duration timer_every_;
  ResultGrpc results_grpc_;
  RecognitionGrpc recognition_grpc_;
  std::unique_ptr<feed::Mirror> registry_;
  std::unique_ptr<feed::Follower> orders_;
  std::unique_ptr<feed::Follower> imaging_;
  std::unique_ptr<feed::Follower> reading_;
  telemetry::Registry::Watch held_;
  std::optional<runtime::Ticker> timer_;
};

}  // namespace

runtime::ModuleEntry ExchangeModule() {
  auto settings = std::make_shared<Settings>();
  return {.name = "exchange",
          .needs = {},
          .describe = [settings](config::Settings& all) { settings->Describe(all); },
          .create = [settings](runtime::Runtime& runtime) { return Module::Create(runtime, *settings); }};
}

}  // namespace tongjian::exchange
