#include "services/orders/module.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/config/settings.h"
#include "common/dicom/listener.h"
#include "common/dicom/uid.h"
#include "common/feed/account_news.h"
#include "common/feed/follower.h"
#include "common/feed/mirror.h"
#include "common/runtime/runtime.h"
#include "common/runtime/ticker.h"
#include "common/store/database.h"
#include "common/telemetry/log.h"
#include "services/orders/clock_mend.h"
#include "services/orders/desk_work.h"
#include "services/orders/follow_exchange.h"
#include "services/orders/follow_imaging.h"
#include "services/orders/follow_reading.h"
#include "services/orders/follow_registry.h"
#include "services/orders/orders.h"
#include "services/orders/orders_grpc.h"
#include "services/orders/queries.h"
#include "services/orders/schema.h"
#include "services/orders/silence.h"
#include "services/orders/waiting_router.h"
#include "services/orders/worklist.h"

namespace tongjian::orders {
namespace {

struct Settings {
  std::string time_zone = "Asia/Shanghai";
  std::string accession_prefix;
  int64_t number_block = 1000;
  std::string uid_root;
  int64_t routine_minutes = 24 * 60;
  int64_t urgent_minutes = 2 * 60;
  int64_t stat_minutes = 60;
  int64_t worklist_responses = 2000;
  absl::Duration worklist_age = absl::Hours(24 * 30);
  absl::Duration route_every = absl::Minutes(1);
  absl::Duration undelivered_after = absl::Hours(4);
  absl::Duration unread_after = absl::Hours(72);
  absl::Duration stuck_after = absl::Hours(24);
  int64_t restore_skip = 1'000'000;

  void Describe(config::Settings& all) {
    all.Add("orders.time-zone", &time_zone,
            "The hub's time zone: opening hours, working days, worklist dates");
    all.Add("orders.accession-prefix", &accession_prefix,
            "Capitals and digits before accession numbers; empty for the hub's authority",
            {.size_max = 7});
    all.Add("orders.number-block", &number_block,
            "Accession numbers the hub takes for itself at once",
            {.min = 10, .max = kBlockSizeMax});
    all.Add("orders.uid-root", &uid_root,
            "Root of study UIDs given out by the worklist; empty for 2.25", {.size_max = 24});
    all.Add("orders.routine-minutes", &routine_minutes,
            "Turnaround where the registry has no target", {.min = 1});
    all.Add("orders.urgent-minutes", &urgent_minutes, "The same for urgent orders", {.min = 1});
    all.Add("orders.stat-minutes", &stat_minutes, "The same for emergencies and the green channel",
            {.min = 1});
    all.Add("orders.worklist-responses", &worklist_responses,
            "Answers to one worklist query at the most", {.min = 1, .max = 100'000});
    all.Add("orders.worklist-age", &worklist_age,
            "How long an order without a scheduled time stays on the worklist",
            {.min = absl::Hours(1)});
    all.Add("orders.route-every", &route_every,
            "How often orders without a center are routed again",
            {.min = absl::Seconds(1), .max = absl::Hours(24)});
    all.Add("orders.undelivered-after", &undelivered_after,
            "A signed report that has not reached the clinic for so long is shown as silent",
            {.min = absl::Minutes(1)});
    all.Add("orders.unread-after", &unread_after,
            "The same for one that was delivered and that nobody has opened",
            {.min = absl::Minutes(1)});
    all.Add("orders.stuck-after", &stuck_after,
            "The same for an order on which nothing has happened in any other state on the way",
            {.min = absl::Minutes(1)});
    all.Add("orders.restore-skip", &restore_skip,
            "Accession numbers left out after a restore: more than are leased between two backups",
            {.min = kBlockSizeMax, .max = 100'000'000});
  }
};

// China has had one zone without daylight saving time since 1992: it is known even where no zone
// files are installed.
absl::StatusOr<absl::TimeZone> ZoneOf(const std::string& name) {
  absl::TimeZone zone;
  if (absl::LoadTimeZone(name, &zone)) return zone;
  if (name == "Asia/Shanghai") return absl::FixedTimeZone(8 * 3600);
  return base::InvalidField("orders.time-zone", "no such time zone: " + name);
}

absl::Status CheckPrefix(const std::string& prefix) {
  for (const char c : prefix) {
    if ((c < 'A' || c > 'Z') && (c < '0' || c > '9')) {
      return base::InvalidField("orders.accession-prefix", "only capitals and digits");
    }
  }
  return absl::OkStatus();
}

SubmissionRules RulesOf(const Settings& settings) {
  return {.uid_root = settings.uid_root,
          .routine_minutes = static_cast<int>(settings.routine_minutes),
          .urgent_minutes = static_cast<int>(settings.urgent_minutes),
          .stat_minutes = static_cast<int>(settings.stat_minutes)};
}

SilenceLimits LimitsOf(const Settings& settings) {
  return {.no_show = settings.worklist_age,
          .undelivered = settings.undelivered_after,
          .unread = settings.unread_after,
          .stuck = settings.stuck_after};
}

class Module final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<runtime::Module>> Create(runtime::Runtime& runtime,
                                                                 const Settings& settings) {
    TJ_TRY(CheckUidRoot(settings.uid_root));
    TJ_TRY(CheckPrefix(settings.accession_prefix));
    TJ_ASSIGN_OR_RETURN(const absl::TimeZone zone, ZoneOf(settings.time_zone));
    TJ_ASSIGN_OR_RETURN(store::Database * database, runtime.OpenDatabase("orders", Schema()));
    std::unique_ptr<Module> module(new Module(runtime, settings, *database, zone));
    TJ_TRY(module->Open(runtime, settings));
    return module;
  }

  absl::Status Start() override {
    TJ_TRY(numbers_.Refill(database_));
    registry_->Start();
    imaging_->Start();
    reading_->Start();
    exchange_->Start();
    router_.emplace("orders_waiting", absl::Milliseconds(200), [this] { return waiting_->RunOnce(); });
    mender_.emplace("orders_clock", absl::Seconds(1), [this] { return clock_mend_.RunOnce(); });
    return absl::OkStatus();
  }

  void Stop() override {
    mender_.reset();
    router_.reset();
    exchange_->Stop();
    reading_->Stop();
    imaging_->Stop();
    registry_->Stop();
  }

 private:
  Module(runtime::Runtime& runtime, const Settings& settings, store::Database& database,
         absl::TimeZone zone)
      : database_(database),
        zone_(zone),
        store_(zone),
        journal_(store_, load_),
        changes_(database_, store_, journal_),
        numbers_(settings.accession_prefix.empty() ? AccessionPrefix(runtime.authority_name())
                                                   : settings.accession_prefix,
                 settings.number_block),
        parts_{store_, journal_, [this] { return facts_->Now(); }, load_, RulesOf(settings)},
        queries_(database_, store_, LimitsOf(settings)),
        desk_(changes_, parts_.facts, load_, parts_.rules),
        clock_mend_(changes_),
        orders_(changes_, numbers_, parts_.facts, load_, runtime.ids(), runtime.clock(),
                parts_.rules),
        studies_(parts_, numbers_, runtime.ids()),
        steps_(parts_),
        readings_(parts_),
        grpc_(orders_, desk_, queries_, runtime.DoorOf("orders")) {}

  // Before any number is given.
  absl::Status LeaveOutLostNumbers(int64_t skip) {
    int64_t lost = 0;
    TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(lost, SkipLostLeases(tx, skip));
      return absl::OkStatus();
    }));
    if (lost > 0)
      telemetry::Log(telemetry::Level::kWarning, "accession_numbers_left_out_after_restore",
                     {{"numbers", lost}});
    return absl::OkStatus();
  }

  absl::Status Open(runtime::Runtime& runtime, const Settings& settings) {
    TJ_TRY(LeaveOutLostNumbers(settings.restore_skip));
    TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(Load load, store_.CountLoad(session));
      load_.Reset(std::move(load));
      return absl::OkStatus();
    }));
    TJ_ASSIGN_OR_RETURN(registry_,
                        feed::Mirror::Open({.feed = "registry"}, MirroredTypes(),
                                           runtime.Channel("registry"), runtime.Identity("orders"),
                                           database_, runtime.metrics(), FollowRegistry(parts_)));
    feed::RefuseVoidTokens(*registry_, runtime.void_tokens());
    facts_ = std::make_unique<RegistryFacts>(*registry_, zone_);
    imaging_ = Follow(runtime, "imaging", FollowImaging(studies_, steps_));
    reading_ = Follow(runtime, "reading", FollowReading(readings_));
    exchange_ = Follow(runtime, "exchange", FollowExchange(readings_));
    waiting_ = std::make_unique<WaitingRouter>(
        desk_, [this] { return registry_->revision(); }, runtime.clock(), settings.route_every);
    worklist_ = std::make_unique<Worklist>(
        database_, store_, parts_.facts, runtime.clock(), runtime.AuditSinkOf("orders"),
        WorklistOptions{static_cast<int>(settings.worklist_responses), settings.worklist_age});
    if (runtime.dicom() != nullptr)
      runtime.dicom()->OnFind(dicom::uids::kModalityWorklistFind, *worklist_);
    watches_ = WatchSilence(runtime.metrics(), database_, runtime.clock(), LimitsOf(settings));
    return runtime.host().Register<v1::OrderService>(grpc_);
  }

  std::unique_ptr<feed::Follower> Follow(runtime::Runtime& runtime, const std::string& feed,
                                         feed::Follower::Handler handler) {
    return std::make_unique<feed::Follower>(feed::FollowerOptions{.feed = feed},
                                            runtime.Channel(feed), runtime.Identity("orders"),
                                            database_, runtime.metrics(), std::move(handler));
  }

  // In the order of use: what is destroyed first uses what stands before it.
  store::Database& database_;
  const absl::TimeZone zone_;
  LoadCounter load_;
  OrderStore store_;
  Journal journal_;
  Changes changes_;
  OwnNumbers numbers_;
  std::unique_ptr<RegistryFacts> facts_;
  NewsParts parts_;
  Queries queries_;
  DeskWork desk_;
  ClockMend clock_mend_;
  Orders orders_;
  StudyNews studies_;
  StepNews steps_;
  ReadingNews readings_;
  OrdersGrpc grpc_;
  std::unique_ptr<Worklist> worklist_;
  std::unique_ptr<feed::Mirror> registry_;
  std::unique_ptr<feed::Follower> imaging_;
  std::unique_ptr<feed::Follower> reading_;
  std::unique_ptr<feed::Follower> exchange_;
  std::unique_ptr<WaitingRouter> waiting_;
  std::optional<runtime::Ticker> router_;
  std::optional<runtime::Ticker> mender_;
  std::vector<telemetry::Registry::Watch> watches_;
};

}  // namespace

runtime::ModuleEntry OrdersModule() {
  auto settings = std::make_shared<Settings>();
  return {.name = "orders",
          .needs = {},
          .describe = [settings](config::Settings& all) { settings->Describe(all); },
          .create =
              [settings](runtime::Runtime& runtime) { return Module::Create(runtime, *settings); }};
}

}  // namespace tongjian::orders
