#include "services/audit/module.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/feed/account_news.h"
#include "common/runtime/runtime.h"
#include "common/telemetry/log.h"
#include "services/audit/audit_grpc.h"
#include "services/audit/follow_registry.h"
#include "services/audit/follow_trails.h"
#include "services/audit/schema.h"

namespace tongjian::audit {
namespace {

struct Settings {
  std::vector<std::string> sources = {"registry", "orders",   "imaging",
                                      "reading",  "exchange", "audit"};
  absl::Duration head_interval = absl::Minutes(1);
};

class AuditModuleImpl final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<Module>> Create(runtime::Runtime& runtime,
                                                        const Settings& settings) {
    TJ_ASSIGN_OR_RETURN(store::Database * database, runtime.OpenDatabase("audit", Schema()));
    TJ_ASSIGN_OR_RETURN(const std::string directory, runtime.Directory("audit"));
    std::unique_ptr<AuditModuleImpl> module(new AuditModuleImpl(settings));
    module->store_ = std::make_unique<TrailStore>(*database);
    module->heads_ = std::make_unique<Heads>(*module->store_, runtime.signer(),
                                             absl::StrCat(directory, "/heads.log"));
    std::vector<FollowTrails::Source> sources;
    for (const std::string& service : settings.sources)
      sources.push_back({service, runtime.Channel(service)});
    const rpc::OutgoingIdentity identity = runtime.Identity("audit");
    module->trails_ =
        std::make_unique<FollowTrails>(sources, identity, *module->store_, runtime.metrics());
    TJ_ASSIGN_OR_RETURN(module->patients_,
                        FollowRegistry(runtime.Channel("registry"), identity, *module->store_,
                                       runtime.metrics()));
    feed::RefuseVoidTokens(*module->patients_, runtime.void_tokens());
    module->deliveries_ = std::make_unique<Deliveries>(*module->store_, *module->heads_,
                                                       runtime.clock(), runtime.metrics());
    module->grpc_ = std::make_unique<AuditGrpc>(*module->store_, *module->heads_,
                                                *module->deliveries_, runtime.DoorOf("audit"));
    TJ_TRY(runtime.host().Register<v1::AuditService>(*module->grpc_));
    return module;
  }

  absl::Status Start() override {
    trails_->Start();
    patients_->Start();
    signing_ = std::thread([this] { SignHeads(); });
    return absl::OkStatus();
  }

  void Stop() override {
    trails_->Stop();
    patients_->Stop();
    {
      std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    if (signing_.joinable()) signing_.join();
  }

 private:
  explicit AuditModuleImpl(const Settings& settings) : settings_(settings) {}

  // A head at every interval, and one at the end.
  void SignHeads() {
    std::unique_lock lock(mutex_);
    while (true) {
      const bool last = wake_.wait_for(lock, absl::ToChronoMilliseconds(settings_.head_interval),
                                       [this] { return stopping_; });
      if (auto head = heads_->Sign(); !head.ok()) {
        telemetry::Log(telemetry::Level::kError, "audit_head_not_signed",
                       {{"error", std::string(head.status().message())}});
      }
      if (last) return;
    }
  }

  const Settings settings_;
  std::unique_ptr<TrailStore> store_;
  std::unique_ptr<Heads> heads_;
  std::unique_ptr<FollowTrails> trails_;
  std::unique_ptr<feed::Mirror> patients_;
  std::unique_ptr<Deliveries> deliveries_;
  std::unique_ptr<AuditGrpc> grpc_;
  std::thread signing_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
};

}  // namespace

runtime::ModuleEntry AuditModule() {
  auto settings = std::make_shared<Settings>();
  return {.name = "audit",
          .needs = {},
          .describe =
              [settings](config::Settings& all) {
                all.Add("audit.sources", &settings->sources, "services whose trails are chained");
                all.Add("audit.head-interval", &settings->head_interval,
                        "how often a head is signed",
                        {.min = absl::Seconds(1), .max = absl::Hours(24)});
              },
          .create =
              [settings](runtime::Runtime& runtime) {
                return AuditModuleImpl::Create(runtime, *settings);
              }};
}

}  // namespace tongjian::audit
