#include "services/registry/module.h"

#include <memory>
#include <string>

#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/runtime/runtime.h"
#include "services/registry/account_grpc.h"
#include "services/registry/catalog_grpc.h"
#include "services/registry/center_grpc.h"
#include "services/registry/community_grpc.h"
#include "services/registry/consent_grpc.h"
#include "services/registry/device_grpc.h"
#include "services/registry/enrollment_grpc.h"
#include "services/registry/facility_grpc.h"
#include "services/registry/follow_facts.h"
#include "services/registry/patient_grpc.h"
#include "services/registry/practitioner_grpc.h"
#include "services/registry/schema.h"
#include "services/registry/seed.h"
#include "tongjian/registry/v1/seed.pb.h"

namespace tongjian::registry {
namespace {

constexpr char kService[] = "registry";
constexpr char kPasswordFile[] = "/first-operator-password";

struct Settings {
  std::string seed_file;
  absl::Duration token_lifetime = absl::Hours(12);
  absl::Duration certificate_validity = absl::Hours(24 * 397);
  int64_t failures_max = 5;
  absl::Duration lock = absl::Minutes(15);
  int64_t passwords_at_once = 4;
};

void Describe(Settings& settings, config::Settings& all) {
  all.Add(
      "registry.seed-file", &settings.seed_file,
      "A community to start with, JSON: records that are not there yet are created at each start");
  all.Add("registry.token-lifetime", &settings.token_lifetime, "How long a person stays logged in",
          {absl::Minutes(1), absl::Hours(24)});
  all.Add("registry.certificate-validity", &settings.certificate_validity,
          "How long a machine's certificate holds", {absl::Hours(1), absl::Hours(24 * 825)});
  all.Add("registry.log-in-failures", &settings.failures_max,
          "Wrong passwords in a row that lock an account", {1, 100});
  all.Add("registry.lock-out", &settings.lock, "How long an account stays locked",
          {absl::Seconds(1), absl::Hours(24)});
  all.Add("registry.passwords-at-once", &settings.passwords_at_once,
          "Passwords checked at the same time; each takes 19 MiB", {1, 64});
}

class RegistryModuleImpl final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<runtime::Module>> Create(runtime::Runtime& runtime,
                                                                 const Settings& settings) {
    TJ_ASSIGN_OR_RETURN(store::Database * database, runtime.OpenDatabase(kService, Schema()));
    TJ_ASSIGN_OR_RETURN(const std::string state, runtime.Directory(kService));
    std::unique_ptr<RegistryModuleImpl> module(
        new RegistryModuleImpl(runtime, *database, settings));
    TJ_TRY(MakeFirstOperator(*database, runtime.ids(), state + kPasswordFile));
    TJ_TRY(LoadVoidTokens(*database, runtime.void_tokens()));
    TJ_TRY(module->Load(settings.seed_file));
    TJ_TRY(module->Register(runtime.host()));
    module->Follow(runtime, *database);
    return module;
  }

  absl::Status Start() override {
    orders_->Start();
    imaging_->Start();
    return absl::OkStatus();
  }
  void Stop() override {
    orders_->Stop();
    imaging_->Stop();
  }

 private:
  RegistryModuleImpl(runtime::Runtime& runtime, store::Database& database, const Settings& settings)
      : port_{database, runtime.DoorOf(kService)},
        directory_(runtime.ids()),
        accounts_(runtime.ids()),
        patients_(runtime.ids()),
        consents_(runtime.ids()),
        void_tokens_(runtime.void_tokens()),
        log_ins_(database, runtime.token_issuer(),
                 {{settings.failures_max, settings.lock},
                  settings.token_lifetime,
                  static_cast<int>(settings.passwords_at_once)}),
        enrollments_(database, runtime.authority(), settings.certificate_validity) {}

  absl::Status Load(const std::string& seed_file) {
    const SeedTarget target{port_.database, directory_, facilities_, communities_};
    TJ_TRY(LoadDefaults(target));
    if (seed_file.empty()) return absl::OkStatus();
    TJ_ASSIGN_OR_RETURN(const v1::RegistrySeed seed, ReadSeed(seed_file));
    return LoadSeed(target, seed);
  }

  void Follow(runtime::Runtime& runtime, store::Database& database) {
    const rpc::OutgoingIdentity identity = runtime.Identity(kService);
    orders_ =
        FollowOrders(runtime.Channel("orders"), identity, patients_, database, runtime.metrics());
    imaging_ =
        FollowImaging(runtime.Channel("imaging"), identity, patients_, database, runtime.metrics());
  }

  absl::Status Register(rpc::ServerHost& host) {
    TJ_TRY(host.Register<v1::FacilityService>(facility_grpc_));
    TJ_TRY(host.Register<v1::CommunityService>(community_grpc_));
    TJ_TRY(host.Register<v1::CenterService>(center_grpc_));
    TJ_TRY(host.Register<v1::PractitionerService>(practitioner_grpc_));
    TJ_TRY(host.Register<v1::AccountService>(account_grpc_));
    TJ_TRY(host.Register<v1::DeviceService>(device_grpc_));
    TJ_TRY(host.Register<v1::EnrollmentService>(enrollment_grpc_));
    TJ_TRY(host.Register<v1::PatientService>(patient_grpc_));
    TJ_TRY(host.Register<v1::ConsentService>(consent_grpc_));
    return host.Register<v1::CatalogService>(catalog_grpc_);
  }

  const Port port_;
  const Directory directory_;
  const Facilities facilities_{directory_};
  const Communities communities_{directory_};
  const Accounts accounts_;
  const Patients patients_;
  const Consents consents_;
  security::VoidTokens& void_tokens_;
  LogIns log_ins_;
  const Enrollments enrollments_;
  FacilityGrpc facility_grpc_{port_, facilities_};
  CommunityGrpc community_grpc_{port_, communities_};
  CenterGrpc center_grpc_{port_, directory_, facilities_};
  PractitionerGrpc practitioner_grpc_{port_, directory_};
  AccountGrpc account_grpc_{port_, accounts_, log_ins_, void_tokens_};
  DeviceGrpc device_grpc_{port_, directory_};
  EnrollmentGrpc enrollment_grpc_{port_, enrollments_};
  PatientGrpc patient_grpc_{port_, patients_};
  ConsentGrpc consent_grpc_{port_, consents_};
  CatalogGrpc catalog_grpc_{port_, directory_};
  std::unique_ptr<feed::Follower> orders_;
  std::unique_ptr<feed::Follower> imaging_;
};

}  // namespace

runtime::ModuleEntry RegistryModule() {
  auto settings = std::make_shared<Settings>();  // Lives as long as the entry.
  return {.name = kService,
          .needs = {},
          .describe = [settings](config::Settings& all) { Describe(*settings, all); },
          .create =
              [settings](runtime::Runtime& runtime) {
                return RegistryModuleImpl::Create(runtime, *settings);
              }};
}

}  // namespace tongjian::registry
