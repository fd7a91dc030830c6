#include "services/edge/module.h"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/dicom/listener.h"
#include "common/dicom/uid.h"
#include "common/feed/change.h"
#include "common/feed/follower.h"
#include "common/runtime/runtime.h"
#include "services/edge/catalog.h"
#include "services/edge/clinic_orders.h"
#include "services/edge/clinic_commitment.h"
#include "services/edge/clinic_steps.h"
#include "services/edge/devices.h"
#include "services/edge/drop_folder.h"
#include "services/edge/edge_grpc.h"
#include "services/edge/edge_senders.h"
#include "services/edge/enrollment.h"
#include "services/edge/follow_results.h"
#include "services/edge/link.h"
#include "services/edge/number_store.h"
#include "services/edge/orders_grpc.h"
#include "services/edge/outgoing.h"
#include "services/edge/recognition_grpc.h"
#include "services/edge/resend.h"
#include "services/edge/results_grpc.h"
#include "services/edge/rounds.h"
#include "services/edge/schema.h"
#include "services/edge/ship_trail.h"
#include "services/edge/state.h"
#include "services/edge/store_scp.h"
#include "services/edge/upload_lane.h"
#include "services/edge/worklist.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::edge {
namespace {

constexpr char kService[] = "edge";
// A device waits for the hub, too: for as long as a line may be away, a week.
constexpr store::RetryPolicy kCommitmentRetry = {
    .first = absl::Seconds(1), .longest = absl::Seconds(15), .attempts_max = 40'000};
constexpr absl::Duration kOrdersFirst = absl::Seconds(20);  // After the link is back.

struct Settings {
  std::string hub;
  std::string hub_name;
  std::string certificate;
  std::string private_key;
  std::string hub_authorities;
  std::vector<std::string> villages;
  std::vector<std::string> urgent_devices;
  std::string drop_folder;
  absl::Duration quiet_time = absl::Seconds(60);
  absl::Duration urgent_quiet_time = absl::Seconds(10);
  absl::Duration step_quiet_time = absl::Minutes(15);
  absl::Duration records_kept = absl::Hours(24 * 30);
  absl::Duration results_kept = absl::Hours(24 * 180);
  absl::Duration audit_kept = absl::Hours(24 * 180);
  absl::Duration clock_ahead_max = absl::Hours(24);
  absl::Duration worklist_age = absl::Hours(24 * 30);
  int64_t worklist_responses = 1000;
  int64_t utc_offset_minutes = 8 * 60;
  int64_t number_block = 1000;
  std::string worklist_charset = "ISO_IR 192";
  std::string commitment_by = "hub";

  void Describe(config::Settings& all) {
    all.Add("edge.hub", &hub, "Address of the hub, host:port", {.required = true});
    all.Add("edge.hub-name", &hub_name, "Name in the hub's certificate where it is not the address's");
    all.Add("edge.certificate", &certificate,
            "PEM of the gateway's certificate; empty: what tongjian edge enroll made");
    all.Add("edge.private-key", &private_key, "PEM of its key; empty as above");
    all.Add("edge.hub-authorities", &hub_authorities,
            "PEM of the roots the hub is checked against; empty as above");
    all.Add("edge.village-devices", &villages,
            "Devices of villages below this facility, AE-TITLE=FACILITY-ID");
    all.Add("edge.urgent-devices", &urgent_devices,
            "AE titles of devices whose images are urgent unless an order says otherwise");
    all.Add("edge.drop-folder", &drop_folder, "Folder for results as files; empty: none");
    all.Add("edge.quiet-time", &quiet_time,
            "A study without new instances for so long is reported whole",
            {.min = absl::Seconds(1), .max = absl::Hours(24)});
    all.Add("edge.urgent-quiet-time", &urgent_quiet_time, "The same for an urgent study, if shorter",
            {.min = absl::Seconds(1), .max = absl::Hours(24)});
    all.Add("edge.step-quiet-time", &step_quiet_time,
            "The same while its device says that the exam goes on (MPPS in progress)",
            {.min = absl::Seconds(1), .max = absl::Hours(24)});
    all.Add("edge.records-kept", &records_kept, "How long to remember what was delivered; it is told again to a hub restored from a backup",
            {.min = absl::Hours(24)});
    all.Add("edge.results-kept", &results_kept, "How long the HIS can read the feed of results back",
            {.min = absl::Hours(24)});
    all.Add("edge.audit-kept", &audit_kept,
            "How long to keep audit records the hub has taken; it is told again if it was turned back",
            {.min = absl::Hours(24)});
    all.Add("edge.clock-ahead-max", &clock_ahead_max,
            "How far a device's clock may be ahead before it is implausible",
            {.min = absl::Minutes(1)});
    all.Add("edge.worklist-age", &worklist_age, "How long an open order stays on the worklist",
            {.min = absl::Hours(1)});
    all.Add("edge.worklist-responses", &worklist_responses, "Answers to one worklist query at most",
            {.min = 1, .max = 5000});
    all.Add("edge.worklist-charset", &worklist_charset,
            "Character set of the worklist: ISO_IR 192, GB18030 or GBK",
            {.allowed = {"ISO_IR 192", "GB18030", "GBK"}});
    all.Add("edge.commitment-by", &commitment_by,
            "What a device is told it may delete: what the hub has read and verified, or what is durable in this gateway's spool",
            {.allowed = {"hub", "spool"}});
    all.Add("edge.utc-offset-minutes", &utc_offset_minutes,
            "The zone of devices and of the worklist, in minutes east",
            {.min = -14 * 60, .max = 14 * 60});
    all.Add("edge.number-block", &number_block, "Accession numbers leased at once",
            {.min = 10, .max = 10'000});
  }

  absl::TimeZone zone() const {
    return absl::FixedTimeZone(static_cast<int>(utc_offset_minutes) * 60);
  }
};

// The certificate that was brought, or the one that enrollment made under the state directory.
absl::StatusOr<security::CredentialFiles> FilesOf(const Settings& settings,
                                                  const std::string& directory) {
  if (settings.certificate.empty()) return EnrolledFiles(directory + "/../..");
  if (settings.private_key.empty() || settings.hub_authorities.empty()) {
    return base::InvalidField("edge.certificate",
                              "needs edge.private-key and edge.hub-authorities beside it");
  }
  return security::CredentialFiles{.certificate_chain = settings.certificate,
                                   .private_key = settings.private_key,
                                   .authorities = settings.hub_authorities};
}

// What a module is made of before its parts.
struct Ground {
  runtime::Runtime& runtime;
  store::Database& database;
  blob::Store& blobs;
  security::CredentialFiles files;
  security::PeerIdentity identity;
  std::unique_ptr<Link> link;
  std::unique_ptr<Catalog> catalog;
  std::map<std::string, std::string> villages;
  std::set<std::string> urgent_devices;
};

class EdgeModuleImpl final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<Module>> Create(runtime::Runtime& runtime,
                                                        const Settings& settings,
                                                        const std::string& version) {
    TJ_ASSIGN_OR_RETURN(store::Database * database, runtime.OpenDatabase(kService, Schema()));
    TJ_ASSIGN_OR_RETURN(blob::Store * blobs, runtime.OpenBlobs(kService, 0));
    TJ_ASSIGN_OR_RETURN(const std::string directory, runtime.Directory(kService));
    Ground ground{.runtime = runtime, .database = *database, .blobs = *blobs};
    TJ_ASSIGN_OR_RETURN(ground.files, FilesOf(settings, directory));
    TJ_ASSIGN_OR_RETURN(ground.identity, ReadIdentity(ground.files));
    if (ground.identity.role != security::MachineRole::kGateway) {
      return absl::FailedPreconditionError("edge.certificate is no gateway's certificate");
    }
    TJ_ASSIGN_OR_RETURN(ground.villages, Devices::ParseVillages(settings.villages));
    TJ_ASSIGN_OR_RETURN(ground.urgent_devices, Devices::ParseUrgent(settings.urgent_devices));
    TJ_ASSIGN_OR_RETURN(ground.link, Link::Open({.address = settings.hub,
                                                 .server_name = settings.hub_name,
                                                 .files = ground.files},
                                                runtime.clock()));
    TJ_ASSIGN_OR_RETURN(ground.catalog,
                        Catalog::Open(*ground.link, *database, runtime.metrics()));
    std::unique_ptr<EdgeModuleImpl> module(
        new EdgeModuleImpl(std::move(ground), settings, version));
    TJ_TRY(module->Register(runtime));
    return module;
  }

  absl::Status Start() override {
    catalog_->Start();
    outgoing_.Start();
    commitments_.Start();
    drop_.Start();
    orders_feed_.Start();
    results_feed_.Start();
    routine_.Start();
    urgent_.Start();
    rounds_.Start();
    trail_.Start();
    link_->Start();
    return absl::OkStatus();
  }

  void Stop() override {
    link_->Stop();
    trail_.Stop();
    rounds_.Stop();
    urgent_.Stop();
    routine_.Stop();
    results_feed_.Stop();
    orders_feed_.Stop();
    drop_.Stop();
    commitments_.Stop();
    outgoing_.Stop();
    catalog_->Stop();
  }

 private:
  EdgeModuleImpl(Ground ground, const Settings& settings, const std::string& version)
      : database_(ground.database),
        facility_id_(ground.identity.facility_id),
        link_(std::move(ground.link)),
        catalog_(std::move(ground.catalog)),
        devices_(facility_id_, std::move(ground.villages), std::move(ground.urgent_devices)),
        spool_(database_, ground.blobs, ground.runtime.ids()),
        outgoing_(database_, *link_),
        drop_(database_, settings.drop_folder,
              [this](store::Transaction& tx, const exchange::v1::AcknowledgeResultRequest& request) {
                return outgoing_.Acknowledge(tx, Itself(), request.id(), request);
              }),
        numbers_(database_, *link_, ground.runtime.ids(), facility_id_, settings.number_block),
        orders_(database_, outgoing_, *link_, *catalog_, ground.runtime.ids(), facility_id_),
        store_scp_(devices_, ground.blobs, spool_, ground.runtime.AuditSinkOf(kService),
                   {.ahead_max = settings.clock_ahead_max, .zone = settings.zone()},
                   ground.runtime.clock()),
        senders_(devices_, ground.runtime.AuditSinkOf(kService), ground.runtime.clock()),
        steps_(outgoing_, spool_, Itself()),
        performed_(senders_, database_,
                   [this](store::Transaction& tx, const acquisition::PerformedStep& step) {
                     return steps_.Changed(tx, step);
                   }),
        commitment_(database_, ground.blobs, spool_, *link_, *catalog_,
                    settings.commitment_by == "spool"),
        commitments_(senders_, database_, ground.runtime.ids(), {.retry = kCommitmentRetry},
                     [this](const acquisition::Commitment& commitment) {
                       return commitment_.Judge(commitment);
                     },
                     [this](const acquisition::Commitment& commitment) {
                       return commitment_.Locate(commitment);
                     }),
        worklist_(database_, *catalog_, devices_, ground.runtime.AuditSinkOf(kService),
                  ground.runtime.clock(),
                  {.responses_max = static_cast<int>(settings.worklist_responses),
                   .age_max = settings.worklist_age,
                   .zone = settings.zone(),
                   .charset = settings.worklist_charset}),
        resend_(database_, outgoing_, spool_, Itself(), settings.records_kept),
        orders_feed_({.feed = "orders",
                      .restored = [this](store::Transaction& tx) {
                        return resend_.OrdersForgotten(tx);
                      }},
                     link_->Calls(), rpc::OutgoingIdentity::Machine(), database_,
                     ground.runtime.metrics(), ApplyOrderEvent),
        results_feed_(database_, *link_, drop_, facility_id_),
        routine_(Lane::kRoutine, spool_, ground.blobs, link_->routine(), traffic_, progress_,
                 ground.runtime.clock(), ground.runtime.metrics()),
        urgent_(Lane::kUrgent, spool_, ground.blobs, link_->urgent(), traffic_, progress_,
                ground.runtime.clock(), ground.runtime.metrics()),
        rounds_({database_, spool_, numbers_, outgoing_, resend_, commitments_, drop_, *link_, ground.runtime.ids(),
                 ground.runtime.clock(), ground.files},
                {.quiet_time = settings.quiet_time,
                 .urgent_quiet_time = settings.urgent_quiet_time,
                 .step_quiet_time = settings.step_quiet_time,
                 .records_kept = settings.records_kept,
                 .results_kept = settings.results_kept,
                 .audit_kept = settings.audit_kept,
                 .calm = ground.runtime.calm()}),
        trail_(database_, *link_, [this] { return traffic_.objects > 0; }, ground.runtime.clock(),
               ground.runtime.metrics()),
        state_({database_, spool_, outgoing_, drop_, *link_, routine_, progress_, trail_,
                ground.files}),
        orders_grpc_(orders_, ground.runtime.DoorOf(kService)),
        results_grpc_(database_, outgoing_, orders_, ground.runtime.DoorOf(kService)),
        recognition_grpc_(orders_, ground.runtime.DoorOf(kService)),
        edge_grpc_({database_, spool_, commitments_, state_, progress_, facility_id_, version,
                    settings.number_block},
                   ground.runtime.DoorOf(kService)) {
    results_feed_.OnRestore(
        [this](store::Transaction& tx) { return resend_.ResultsForgotten(tx); });
    const auto wake = [this] {
      routine_.Wake();
      urgent_.Wake();
    };
    spool_.OnWork(wake);
    outgoing_.OnOrderTaken(wake);
    // An order before its images: else the hub reads them under a provisional one until it comes.
    spool_.OrdersFirst([this] { return !link_->reachable_for(kOrdersFirst); });
    link_->OnReturn([this] { LinkReturned(); });
  }

  static absl::Status ApplyOrderEvent(store::Transaction& tx, const events::v1::Event& event) {
    const auto changed = feed::As<events::v1::OrderChanged>(event);
    return changed ? ApplyHubOrder(tx, changed->order()) : absl::OkStatus();
  }

  // The gateway as a caller of its own: the folder is written for no one in particular.
  security::Caller Itself() const {
    return {.kind = security::CallerKind::kMachine,
            .machine_role = security::MachineRole::kGateway,
            .facility_id = facility_id_};
  }

  // Whatever waits goes on at once.
  void LinkReturned() {
    spool_.DueNow().IgnoreError();  // Else it is due at the end of its pause.
    outgoing_.Wake();
    results_feed_.Wake();
    rounds_.Wake();
    trail_.LinkReturned();
  }

  absl::Status Register(runtime::Runtime& runtime) {
    TJ_TRY(runtime.host().Register<orders::v1::OrderService>(orders_grpc_));
    TJ_TRY(runtime.host().Register<exchange::v1::ResultService>(results_grpc_));
    TJ_TRY(runtime.host().Register<exchange::v1::RecognitionService>(recognition_grpc_));
    TJ_TRY(runtime.host().Register<v1::EdgeService>(edge_grpc_));
    Watch(runtime.metrics());
    if (runtime.dicom() == nullptr) return absl::OkStatus();
    runtime.dicom()->OnStore(store_scp_);
    runtime.dicom()->OnFind(dicom::uids::kModalityWorklistFind, worklist_);
    runtime.dicom()->OnNormalized(dicom::uids::kModalityPerformedProcedureStep, performed_);
    runtime.dicom()->OnNormalized(dicom::uids::kStorageCommitment, commitments_);
    return absl::OkStatus();
  }

  void Watch(telemetry::Registry& metrics) {
    const auto watch = [&](const char* name, const char* help, double (*read)(const GatewayState&)) {
      watches_.push_back(metrics.WatchGauge(name, help, {}, [this, read] {
        const auto state = state_.Read();
        return state.ok() ? read(*state) : -1;
      }));
    };
    watch("tongjian_edge_hub_reachable", "Whether the hub can be reached",
          [](const GatewayState& s) { return s.hub_reachable ? 1.0 : 0.0; });
    watch("tongjian_edge_spooled_objects", "Objects that wait for the hub",
          [](const GatewayState& s) { return static_cast<double>(s.spool.waiting); });
    watch("tongjian_edge_spooled_bytes", "Their bytes",
          [](const GatewayState& s) { return static_cast<double>(s.spool.bytes); });
    watch("tongjian_edge_failed_objects", "Objects the hub refused",
          [](const GatewayState& s) { return static_cast<double>(s.spool.failed); });
    watch("tongjian_edge_damaged_objects", "Objects that cannot be read here and must be sent again",
          [](const GatewayState& s) { return static_cast<double>(s.spool.damaged); });
    watch("tongjian_edge_pending_orders", "Orders the hub does not have yet",
          [](const GatewayState& s) { return static_cast<double>(s.pending_orders); });
    watch("tongjian_edge_audit_waiting", "Audit records that the hub's trail does not have",
          [](const GatewayState& s) { return static_cast<double>(s.trail.records); });
    watch("tongjian_edge_audit_oldest_seconds", "When the oldest of them was written, Unix time",
          [](const GatewayState& s) {
            return s.trail.records == 0
                       ? 0.0
                       : static_cast<double>(absl::ToUnixSeconds(s.trail.oldest));
          });
    watch("tongjian_edge_accession_numbers_left", "Accession numbers in leased blocks",
          [](const GatewayState& s) { return static_cast<double>(s.numbers_left); });
    watch("tongjian_edge_drop_folder_writable", "Whether the drop folder can be written",
          [](const GatewayState& s) { return s.drop_folder_fault.empty() ? 1.0 : 0.0; });
    watch("tongjian_edge_certificate_expiry_seconds", "When the certificate ends, Unix time",
          [](const GatewayState& s) {
            return static_cast<double>(absl::ToUnixSeconds(s.certificate_expiry));
          });
  }

  // In the order of use: what is destroyed first uses what stands before it.
  store::Database& database_;
  const std::string facility_id_;
  const std::unique_ptr<Link> link_;
  const std::unique_ptr<Catalog> catalog_;
  Devices devices_;
  Spool spool_;
  Outgoing outgoing_;
  DropFolder drop_;
  Numbers numbers_;
  ClinicOrders orders_;
  StoreScp store_scp_;
  EdgeSenders senders_;
  const ClinicSteps steps_;
  acquisition::PerformedSteps performed_;
  const ClinicCommitment commitment_;
  acquisition::Commitments commitments_;
  Worklist worklist_;
  Resend resend_;
  feed::Follower orders_feed_;
  FollowResults results_feed_;
  UrgentTraffic traffic_;
  Progress progress_;
  UploadLane routine_;
  UploadLane urgent_;
  Rounds rounds_;
  ShipTrail trail_;
  StateReader state_;
  OrdersGrpc orders_grpc_;
  ResultsGrpc results_grpc_;
  RecognitionGrpc recognition_grpc_;
  EdgeGrpc edge_grpc_;
  std::vector<telemetry::Registry::Watch> watches_;
};

}  // namespace

runtime::ModuleEntry EdgeModule(std::string version) {
  auto settings = std::make_shared<Settings>();  // Lives as long as the entry.
  return {.name = kService,
          .needs = {},
          .describe = [settings](config::Settings& all) { settings->Describe(all); },
          .create = [settings, version = std::move(version)](runtime::Runtime& runtime) {
            return EdgeModuleImpl::Create(runtime, *settings, version);
          }};
}

}  // namespace tongjian::edge
