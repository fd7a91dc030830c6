#include "common/runtime/process.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/dicom/peer_list.h"
#include "common/feed/feed_service.h"
#include "common/rpc/gate.h"
#include "common/runtime/dicom_port.h"
#include "common/runtime/exposure.h"
#include "common/runtime/identities.h"
#include "common/runtime/layout.h"
#include "common/runtime/records.h"
#include "common/runtime/routes.h"
#include "common/runtime/ticker.h"
#include "common/runtime/web_port.h"
#include "common/security/key_file.h"
#include "common/telemetry/log.h"
#include "common/web/admin.h"

namespace tongjian::runtime {
namespace {

constexpr absl::Duration kChores = absl::Minutes(1);
constexpr absl::Duration kWatch = absl::Seconds(1);

rpc::GateOptions GateOptionsOf(const ProcessOptions& options, Identities& identities) {
  rpc::GateOptions gate;
  gate.identity = {.tokens = &identities.verifier(),
                   .principals = &identities.principals(),
                   .revoked = identities.revoked(),
                   .void_tokens = &identities.void_tokens()};
  gate.load.unary_max = options.calls_max;
  gate.load.unary_per_peer_max = options.calls_per_peer_max;
  gate.turns.running_max = options.calls_running_max;
  gate.turns.running_per_facility_max = std::max<int64_t>(1, options.calls_running_max * 3 / 4);
  gate.turns.waiting_per_facility_max = options.calls_per_peer_max;
  gate.deadline_required = options.deadline_required;
  return gate;
}

rpc::HostOptions HostOptionsOf(const ProcessOptions& options, const Identities& identities) {
  rpc::HostOptions host;
  host.address = options.listen;
  host.plain_address = options.plain_listen;
  host.files = identities.files();
  host.client_certificate_required = options.client_certificate_required;
  host.reflection = options.reflection;
  return host;
}

std::string PortsJson(const Ports& ports) {
  return absl::StrCat("{\"rpc\":", ports.rpc, ",\"plain\":", ports.plain,
                      ",\"dicom\":", ports.dicom, ",\"admin\":", ports.admin,
                      ",\"web\":", ports.web, "}\n");
}

}  // namespace

class Process::Impl final : public Runtime {
 public:
  Impl(const ProcessOptions& options, std::unique_ptr<Identities> identities,
       const base::Clock& clock)
      : options_(options),
        clock_(clock),
        ids_(options.authority, clock),
        identities_(std::move(identities)),
        gate_(GateOptionsOf(options_, *identities_), clock, metrics_),
        host_(HostOptionsOf(options_, *identities_), gate_),
        routes_(host_),
        records_(options_, gate_, *feeds_, metrics_, clock) {}

  ~Impl() override {
    Stop();
    while (!modules_.empty()) modules_.pop_back();
    feeds_.reset();  // It listens to the databases of records_.
  }

  absl::Status Make(const std::vector<ModuleEntry>& table) {
    TJ_ASSIGN_OR_RETURN(const std::vector<ModuleEntry> entries, InOrder(table, options_.services));
    std::vector<std::string> here;
    for (const ModuleEntry& entry : entries) here.push_back(entry.name);
    TJ_TRY(routes_.Open(here, options_.remote, identities_->files()));
    TJ_ASSIGN_OR_RETURN(dicom_, MakeDicomListener(options_, identities_->files()));
    if (dicom_ != nullptr) watches_ = WatchDicom(*dicom_, metrics_);
    TJ_ASSIGN_OR_RETURN(web_, MakeWebServer(options_, identities_->files()));
    if (web_ != nullptr) web_watches_ = WatchWeb(*web_, metrics_);
    for (const ModuleEntry& entry : entries) {
      absl::StatusOr<std::unique_ptr<Module>> module = entry.create(*this);
      if (!module.ok()) return About(entry.name, module.status());
      modules_.push_back(*std::move(module));
      names_.push_back(entry.name);
    }
    if (records_.any_feed()) TJ_TRY(host_.Register<events::v1::FeedService>(*feeds_));
    if (web_ != nullptr && !web_->any_route()) {
      // One configuration may serve several processes of a hub.
      telemetry::Log(telemetry::Level::kInfo, "web_port_unused");
      web_watches_.clear();
      web_.reset();
    }
    AddProbe("records", [this] { return records_.Health(); });
    return absl::OkStatus();
  }

  absl::Status Start() {
    TJ_TRY(host_.Start());
    for (size_t i = 0; i < modules_.size(); ++i) {
      if (const absl::Status status = modules_[i]->Start(); !status.ok())
        return About(names_[i], status);
      started_ = i + 1;
    }
    if (dicom_ != nullptr) TJ_TRY(dicom_->Start());
    if (web_ != nullptr) TJ_TRY(web_->Start());
    TJ_TRY(StartAdmin());
    housekeeper_ = std::make_unique<Ticker>("chores", kChores, [this] {
      DoChores();
      return absl::OkStatus();
    });
    ports_ = {.rpc = host_.port(),
              .plain = host_.plain_port(),
              .dicom = dicom_ == nullptr ? 0 : dicom_->port(),
              .admin = admin_ == nullptr ? 0 : admin_->port(),
              .web = web_ == nullptr ? 0 : web_->port()};
    TJ_TRY(security::WriteDurably(PortsFile(options_.state), PortsJson(ports_),
                                  security::FileMode::kPublic));
    host_.SetServing(true);
    watchman_ = std::make_unique<Ticker>("records", kWatch, [this] {
      WatchRecords();
      return absl::OkStatus();
    });
    scrubber_ = std::make_unique<Ticker>("scrub", kWatch, [this] {
      records_.Scrub();
      return absl::OkStatus();
    });
    return absl::OkStatus();
  }

  void Stop() {
    if (stopped_) return;
    stopped_ = true;
    watchman_.reset();
    scrubber_.reset();
    host_.SetServing(false);
    if (admin_ != nullptr) admin_->StopAdvertising();
    absl::SleepFor(started_ > 0 ? options_.drain : absl::ZeroDuration());
    feeds_->Close();
    if (dicom_ != nullptr) dicom_->Stop(options_.grace);
    if (web_ != nullptr) web_->Stop(options_.grace);
    // Before the server: gRPC 1.51 crashes when a call begins on an in-process channel whose server
    // is gone.
    while (started_ > 0) modules_[--started_]->Stop();
    host_.Shutdown(options_.grace);
    housekeeper_.reset();
    if (admin_ != nullptr) admin_->Stop();
  }

  const Ports& ports() const { return ports_; }

  const base::Clock& clock() override { return clock_; }
  base::Ids& ids() override { return ids_; }
  telemetry::Registry& metrics() override { return metrics_; }
  absl::StatusOr<store::Database*> OpenDatabase(std::string_view service,
                                                std::vector<store::Migration> migrations) override {
    return records_.OpenDatabase(service, std::move(migrations));
  }
  const rpc::Door& DoorOf(std::string_view service) override { return records_.DoorOf(service); }
  rpc::AuditSink& AuditSinkOf(std::string_view service) override {
    return records_.AuditSinkOf(service);
  }
  absl::StatusOr<blob::Store*> OpenBlobs(std::string_view service,
                                         int64_t packed_bytes_max) override {
    return records_.OpenBlobs(service, packed_bytes_max);
  }
  absl::StatusOr<std::string> Directory(std::string_view service) override {
    std::string path = ServiceDirectory(options_.state, service);
    TJ_TRY(security::MakeDirectory(path));
    return path;
  }
  rpc::ServerHost& host() override { return host_; }
  rpc::ChannelSource Channel(std::string_view service) override {
    return [this, service = std::string(service)] { return routes_.To(service); };
  }
  rpc::OutgoingIdentity Identity(std::string_view service) override {
    return rpc::OutgoingIdentity::Service(identities_->principals(), service);
  }
  dicom::Listener* dicom() override { return dicom_.get(); }
  web::Server* web() override { return web_.get(); }
  rpc::Gate& gate() override { return gate_; }
  security::Signer& signer() override { return identities_->signer(); }
  security::Authority* authority() override { return identities_->authority(); }
  absl::Duration calm() const override { return options_.feed_calm; }
  security::TokenIssuer& token_issuer() override { return identities_->issuer(); }
  const security::Principals& principals() override { return identities_->principals(); }
  security::VoidTokens& void_tokens() override { return identities_->void_tokens(); }
  void AddProbe(std::string_view name, std::function<absl::Status()> check) override {
    probes_.push_back({.name = std::string(name), .check = std::move(check)});
  }

 private:
  static absl::Status About(const std::string& name, const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
  }

  absl::Status StartAdmin() {
    if (options_.admin_port < 0) return absl::OkStatus();
    web::AdminOptions options;
    options.address = options_.admin_address;
    options.port = static_cast<int>(options_.admin_port);
    TJ_ASSIGN_OR_RETURN(dicom::PeerList peers, dicom::PeerList::Parse(options_.admin_peers));
    options.allows = [peers = std::move(peers)](const std::string& address) {
      return peers.Allows(address);
    };
    TJ_ASSIGN_OR_RETURN(admin_, web::AdminServer::Start(options, metrics_, std::move(probes_)));
    return absl::OkStatus();
  }

  // Says so, to whoever asks for the health and in the log, while nothing can be made durable.
  void WatchRecords() {
    const absl::Status failure = records_.Failure();
    if (failure.ok() == serving_) return;
    serving_ = failure.ok();
    host_.SetServing(serving_);
    telemetry::Log(serving_ ? telemetry::Level::kWarning : telemetry::Level::kError,
                   serving_ ? "storage_is_back" : "storage_failed", {{"status", failure}});
  }

  void DoChores() {
    if (identities_->revoked() != nullptr) {
      if (const absl::Status status = identities_->revoked()->Reload(); !status.ok()) {
        telemetry::Log(telemetry::Level::kError, "revocation_list_unreadable",
                       {{"status", status}});
      }
    }
    records_.Trim();
    if (identities_->files().certificate_chain.empty()) return;
    const auto pem = security::ReadSmallFile(identities_->files().certificate_chain,
                                             security::FileMode::kPublic);
    const auto expiry = pem.ok() ? security::ExpiryOf(*pem) : pem.status();
    metrics_
        .GetGauge("tongjian_certificate_days_left",
                  "Days until our own certificate expires; -1 when unreadable")
        .Set(expiry.ok() ? static_cast<double>(security::DaysLeft(*expiry, clock_.Now())) : -1);
  }

  // In the order of use: what comes later uses what comes before.
  const ProcessOptions options_;
  const base::Clock& clock_;
  telemetry::Registry metrics_;
  base::Ids ids_;
  const std::unique_ptr<Identities> identities_;
  rpc::Gate gate_;
  std::unique_ptr<feed::FeedService> feeds_ = std::make_unique<feed::FeedService>();
  rpc::ServerHost host_;
  Routes routes_;
  Records records_;
  std::unique_ptr<dicom::Listener> dicom_;
  std::vector<telemetry::Registry::Watch> watches_;
  std::unique_ptr<web::Server> web_;
  std::vector<telemetry::Registry::Watch> web_watches_;
  std::vector<web::Probe> probes_;
  std::vector<std::unique_ptr<Module>> modules_;
  std::vector<std::string> names_;
  std::unique_ptr<web::AdminServer> admin_;
  std::unique_ptr<Ticker> housekeeper_;
  std::unique_ptr<Ticker> watchman_;
  std::unique_ptr<Ticker> scrubber_;
  bool serving_ = true;  // The watchman's.
  size_t started_ = 0;
  bool stopped_ = false;
  Ports ports_;
};

absl::StatusOr<std::unique_ptr<Process>> Process::Open(const ProcessOptions& options,
                                                       std::string_view program,
                                                       const std::vector<ModuleEntry>& table,
                                                       const base::Clock& clock) {
  telemetry::LogOptions log{.service = std::string(program), .file = options.log_file};
  TJ_TRY(telemetry::ParseLevel(options.log_level, &log.level));
  TJ_TRY(telemetry::StartLog(log));
  TJ_TRY(CheckExposure(options));
  TJ_TRY(base::CheckAuthority(options.authority));
  TJ_TRY(security::MakeDirectory(options.state));
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Identities> identities, Identities::Open(options, clock));
  auto impl = std::make_unique<Impl>(options, std::move(identities), clock);
  TJ_TRY(impl->Make(table));
  return std::unique_ptr<Process>(new Process(std::move(impl)));
}

Process::Process(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Process::~Process() = default;

absl::Status Process::Start() {
  absl::Status status = impl_->Start();
  if (!status.ok()) impl_->Stop();
  return status;
}

void Process::Stop() { impl_->Stop(); }
const Ports& Process::ports() const { return impl_->ports(); }
Runtime& Process::runtime() { return *impl_; }

}  // namespace tongjian::runtime
