#include "services/imaging/module.h"

#include <optional>

#include "absl/time/civil_time.h"
#include "common/acquisition/commitments.h"
#include "common/acquisition/performed_steps.h"
#include "common/base/status.h"
#include "common/config/settings.h"
#include "common/dicom/listener.h"
#include "common/dicom/uid.h"
#include "common/feed/account_news.h"
#include "common/feed/follower.h"
#include "common/runtime/runtime.h"
#include "common/runtime/ticker.h"
#include "common/web/server.h"
#include "services/imaging/commitment_grpc.h"
#include "services/imaging/commitment_judge.h"
#include "services/imaging/device_senders.h"
#include "services/imaging/dicomweb.h"
#include "services/imaging/find.h"
#include "services/imaging/follow_orders.h"
#include "services/imaging/follow_registry.h"
#include "services/imaging/ingest_grpc.h"
#include "services/imaging/move.h"
#include "services/imaging/schema.h"
#include "services/imaging/store_scp.h"
#include "services/imaging/step_grpc.h"
#include "services/imaging/study_grpc.h"
#include "services/imaging/timers.h"

namespace tongjian::imaging {
namespace {

constexpr char kService[] = "imaging";

struct Settings {
  absl::Duration quiet_time = absl::Seconds(60);
  absl::Duration step_quiet_time = absl::Minutes(15);
  config::ByteSize object_size_max = config::GiB(4);
  config::ByteSize packed_object_size_max = config::MiB(1);
  config::ByteSize flush_size = config::MiB(4);
  absl::Duration flush_interval = absl::Seconds(1);
  int64_t upload_threads = 8;
  int64_t read_threads = 4;
  absl::Duration clock_ahead_max = absl::Hours(24);
  int64_t clock_year_min = 2000;
  int64_t utc_offset_minutes = 8 * 60;
  std::string default_facility;
  std::string retrieve_ae_title = "TONGJIAN";
  int64_t find_scanned_max = 200000;
  int64_t move_objects_max = 20000;
  absl::Duration sweep_interval = absl::Hours(1);
  absl::Duration orphan_age = absl::Hours(24);
  absl::Duration upload_receipt_age = absl::Hours(24 * 30);
};

void Describe(Settings& s, config::Settings& all) {
  all.Add("imaging.quiet-time", &s.quiet_time,
          "a study without new instances for so long is complete",
          {.min = absl::Seconds(1), .max = absl::Hours(24)});
  all.Add("imaging.step-quiet-time", &s.step_quiet_time,
          "the same while its device says that the exam goes on (MPPS in progress)",
          {.min = absl::Seconds(1), .max = absl::Hours(24)});
  all.Add("imaging.object-size-max", &s.object_size_max, "largest object an upload may bring",
          {.min = config::MiB(1), .max = config::GiB(64)});
  all.Add("imaging.packed-object-size-max", &s.packed_object_size_max,
          "objects of the DICOM port up to this size share files, and become durable together",
          {.min = {}, .max = config::MiB(4)});
  all.Add("imaging.flush-size", &s.flush_size, "an upload is made durable every so many bytes",
          {.min = config::KiB(64), .max = config::MiB(256)});
  all.Add("imaging.flush-interval", &s.flush_interval, "and at a chunk's end at least so often",
          {.min = absl::Milliseconds(10), .max = absl::Minutes(10)});
  all.Add("imaging.upload-threads", &s.upload_threads, "threads that write uploads",
          {.min = 1, .max = 256});
  all.Add("imaging.read-threads", &s.read_threads, "threads that read instances",
          {.min = 1, .max = 256});
  all.Add("imaging.clock-ahead-max", &s.clock_ahead_max,
          "how far a device's clock may be ahead before it is implausible",
          {.min = absl::Minutes(1)});
  all.Add("imaging.clock-year-min", &s.clock_year_min,
          "a device's time before this year is implausible", {.min = 1970, .max = 2100});
  all.Add("imaging.utc-offset-minutes", &s.utc_offset_minutes,
          "the zone of devices that name none, in minutes east", {.min = -14 * 60, .max = 14 * 60});
  all.Add("imaging.default-facility", &s.default_facility,
          "facility of unknown devices on a DICOM port without TLS; empty refuses them");
  all.Add("imaging.retrieve-ae-title", &s.retrieve_ae_title,
          "AE title that C-FIND answers name for retrieval");
  all.Add("imaging.find-scanned-max", &s.find_scanned_max, "rows that one query may look at",
          {.min = 100, .max = 10000000});
  all.Add("imaging.move-objects-max", &s.move_objects_max, "objects in one C-MOVE or C-GET",
          {.min = 1, .max = 1000000});
  all.Add("imaging.sweep-interval", &s.sweep_interval,
          "how often objects without a row are looked for", {.min = absl::Minutes(1)});
  all.Add("imaging.orphan-age", &s.orphan_age, "age at which an object without a row is removed",
          {.min = absl::Minutes(10)});
  all.Add("imaging.upload-receipt-age", &s.upload_receipt_age,
          "how long a gateway can ask what became of an upload", {.min = absl::Hours(1)});
}

IngestOptions IngestOptionsOf(const Settings& s) {
  const absl::TimeZone zone = absl::FixedTimeZone(static_cast<int>(s.utc_offset_minutes) * 60);
  return {.quiet_time = s.quiet_time,
          .step_quiet_time = s.step_quiet_time,
          .time = {.future_max = s.clock_ahead_max,
                   .earliest = absl::FromCivil(absl::CivilYear(s.clock_year_min), zone),
                   .zone = zone}};
}

class ImagingModuleImpl final : public runtime::Module {
 public:
  static absl::StatusOr<std::unique_ptr<Module>> Create(runtime::Runtime& runtime,
                                                        const Settings& settings) {
    TJ_ASSIGN_OR_RETURN(store::Database * database, runtime.OpenDatabase(kService, Schema()));
    TJ_ASSIGN_OR_RETURN(blob::Store * blobs,
                        runtime.OpenBlobs(kService, settings.packed_object_size_max.bytes));
    std::unique_ptr<ImagingModuleImpl> module(
        new ImagingModuleImpl(runtime, settings, *database, *blobs));
    TJ_ASSIGN_OR_RETURN(module->registry_,
                        FollowRegistry(runtime.Channel("registry"), runtime.Identity(kService),
                                       *database, runtime.metrics(), module->places_));
    feed::RefuseVoidTokens(*module->registry_, runtime.void_tokens());
    TJ_TRY(runtime.host().Register<v1::IngestService>(module->ingest_grpc_));
    TJ_TRY(runtime.host().Register<v1::StudyService>(module->study_grpc_));
    TJ_TRY(runtime.host().Register<v1::PerformedStepService>(module->step_grpc_));
    TJ_TRY(runtime.host().Register<v1::CommitmentService>(module->commitment_grpc_));
    module->watches_ = WatchWaiting(runtime.metrics(), *database);
    module->watches_.push_back(WatchCommitments(runtime.metrics(), *database));
    if (dicom::Listener* const listener = runtime.dicom(); listener != nullptr)
      module->RegisterWith(*listener);
    if (web::Server* const server = runtime.web(); server != nullptr) {
      TJ_TRY(DicomWeb::RegisterRules(runtime.gate()));
      module->web_.RouteOn(*server);
    }
    return module;
  }

  absl::Status Start() override {
    registry_->Start();
    orders_.Start();
    commitments_.Start();
    quiet_ticker_.emplace("imaging_quiet_times", absl::Seconds(1),
                          [this] { return quiet_times_.RunOnce().status(); });
    sweep_ticker_.emplace("imaging_sweep", settings_.sweep_interval, [this] {
      absl::Status swept =
          Sweep(database_, blobs_, clock_, settings_.orphan_age, settings_.upload_receipt_age);
      swept.Update(commitments_.Trim(clock_.Now() - settings_.upload_receipt_age));
      return swept;
    });
    return absl::OkStatus();
  }

  void Stop() override {
    sweep_ticker_.reset();
    quiet_ticker_.reset();
    commitments_.Stop();
    orders_.Stop();
    registry_->Stop();
  }

 private:
  ImagingModuleImpl(runtime::Runtime& runtime, const Settings& settings, store::Database& database,
                    blob::Store& blobs)
      : settings_(settings),
        database_(database),
        blobs_(blobs),
        clock_(runtime.clock()),
        ingest_(database, blobs, runtime.ids(), matcher_, IngestOptionsOf(settings),
                runtime.metrics()),
        uploads_({.object_bytes_max = settings.object_size_max.bytes,
                  .flush_bytes = settings.flush_size.bytes,
                  .flush_interval = settings.flush_interval},
                 database, blobs, ingest_, runtime.clock()),
        desk_(database, blobs, ingest_, matcher_, IngestOptionsOf(settings).time),
        peers_(places_, settings.default_facility, runtime.AuditSinkOf(kService), runtime.clock()),
        store_scp_(peers_, blobs, ingest_, runtime.clock()),
        queries_(database, blobs, {.scanned_max = settings.find_scanned_max}),
        find_(peers_, queries_, {settings.retrieve_ae_title}),
        retrieval_(peers_, queries_, blobs, {settings.move_objects_max}),
        steps_(IngestOptionsOf(settings).Quiet(), IngestOptionsOf(settings).time),
        senders_(peers_),
        performed_(senders_, database,
                   [this](store::Transaction& tx, const acquisition::PerformedStep& step) {
                     return steps_.Changed(tx, step);
                   }),
        commitments_(senders_, database, runtime.ids(),
                     {.retrieve_ae_title = settings.retrieve_ae_title},
                     [this](const acquisition::Commitment& commitment) {
                       return JudgeInstances(database_, blobs_, commitment);
                     },
                     [this](const acquisition::Commitment& commitment) {
                       return LocateDevice(places_, commitment);
                     }),
        move_(peers_, places_, retrieval_),
        get_(peers_, database, retrieval_),
        quiet_times_(database, runtime.clock(), settings.quiet_time),
        orders_({.feed = "orders"}, runtime.Channel("orders"), runtime.Identity(kService), database,
                runtime.metrics(),
                [this](store::Transaction& tx, const events::v1::Event& event) {
                  return ApplyOrderEvent(tx, event, matcher_);
                }),
        upload_workers_(static_cast<int>(settings.upload_threads)),
        read_workers_(static_cast<int>(settings.read_threads)),
        ingest_grpc_(database, {uploads_, places_, upload_workers_, runtime.clock()}, desk_,
                     runtime.DoorOf(kService)),
        study_grpc_(database, blobs, desk_, read_workers_, runtime.DoorOf(kService)),
        step_grpc_(database, performed_, steps_, places_, runtime.DoorOf(kService)),
        commitment_grpc_(database, blobs, commitments_, places_, runtime.DoorOf(kService)),
        web_(database, blobs, queries_, ingest_, runtime.clock(), runtime.DoorOf(kService),
             {.object_bytes_max = settings.object_size_max.bytes}) {}

  void RegisterWith(dicom::Listener& listener) {
    listener.OnStore(store_scp_);
    listener.OnFind(dicom::uids::kPatientRootFind, find_);
    listener.OnFind(dicom::uids::kStudyRootFind, find_);
    listener.OnMove(dicom::uids::kPatientRootMove, move_);
    listener.OnNormalized(dicom::uids::kModalityPerformedProcedureStep, performed_);
    listener.OnNormalized(dicom::uids::kStorageCommitment, commitments_);
    listener.OnMove(dicom::uids::kStudyRootMove, move_);
    listener.OnGet(dicom::uids::kPatientRootGet, get_);
    listener.OnGet(dicom::uids::kStudyRootGet, get_);
  }

  const Settings settings_;
  store::Database& database_;
  blob::Store& blobs_;
  const base::Clock& clock_;
  Places places_;
  const Matcher matcher_{places_};
  Ingest ingest_;
  Uploads uploads_;
  const Desk desk_;
  DicomPeers peers_;
  StoreScp store_scp_;
  const Queries queries_;
  StudyFind find_;
  const Retrieval retrieval_;
  const Steps steps_;
  DeviceSenders senders_;
  acquisition::PerformedSteps performed_;
  acquisition::Commitments commitments_;
  StudyMove move_;
  StudyGet get_;
  QuietTimes quiet_times_;
  std::unique_ptr<feed::Mirror> registry_;
  feed::Follower orders_;
  Workers upload_workers_;
  Workers read_workers_;
  IngestGrpc ingest_grpc_;
  StudyGrpc study_grpc_;
  StepGrpc step_grpc_;
  CommitmentGrpc commitment_grpc_;
  DicomWeb web_;
  std::optional<runtime::Ticker> quiet_ticker_;
  std::optional<runtime::Ticker> sweep_ticker_;
  std::vector<telemetry::Registry::Watch> watches_;
};

}  // namespace

runtime::ModuleEntry ImagingModule() {
  auto settings = std::make_shared<Settings>();  // Lives as long as the entry.
  return {.name = kService,
          .needs = {},
          .describe = [settings](config::Settings& all) { Describe(*settings, all); },
          .create =
              [settings](runtime::Runtime& runtime) {
                return ImagingModuleImpl::Create(runtime, *settings);
              }};
}

}  // namespace tongjian::imaging
