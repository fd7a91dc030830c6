#include "common/runtime/records.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/runtime/layout.h"
#include "common/security/key_file.h"
#include "common/store/consumer.h"
#include "common/store/feed.h"
#include "common/store/idempotency.h"
#include "common/telemetry/log.h"

namespace tongjian::runtime {
namespace {

// A client that has not heard an answer for this long asks anew.
constexpr absl::Duration kRequestsKept = absl::Hours(24 * 14);
constexpr int64_t kTrimAtOnce = 1000;
constexpr char kAuditService[] = "audit";
// Its records leave by its own hand, which also trims them.
constexpr char kGateway[] = "edge";

}  // namespace

// In the order of use: the database goes last.
struct Records::Service {
  std::unique_ptr<store::Database> database;
  std::unique_ptr<rpc::AuditSink> sink;
  std::unique_ptr<rpc::Door> door;
  std::vector<telemetry::Registry::Watch> watches;
};

Records::Records(const ProcessOptions& options, rpc::Gate& gate, feed::FeedService& feeds,
                 telemetry::Registry& metrics, const base::Clock& clock)
    : options_(options),
      gate_(gate),
      feeds_(feeds),
      metrics_(metrics),
      clock_(clock),
      jumps_(clock) {}

Records::~Records() = default;

absl::StatusOr<store::Database*> Records::OpenDatabase(std::string_view name,
                                                       std::vector<store::Migration> migrations) {
  const std::string service(name);
  TJ_CHECK(!services_.contains(service));
  store::DatabaseOptions options;
  options.name = service;
  options.migrations = std::move(migrations);
  options.url = options_.database;
  if (options.url.empty()) {
    TJ_TRY(security::MakeDirectory(DatabaseDirectory(options_.state)));
    options.url = absl::StrCat("sqlite:", DatabaseFile(options_.state, service));
  }
  auto opened = std::make_unique<Service>();
  TJ_ASSIGN_OR_RETURN(opened->database, store::Database::Open(options, clock_));
  opened->sink = std::make_unique<rpc::DatabaseAuditSink>(*opened->database);
  opened->door = std::make_unique<rpc::Door>(gate_, service, *opened->sink);
  WatchWriter(*opened);
  feeds_.Add(service, *opened->database, *opened->door);
  store::Database* database = opened->database.get();
  services_[service] = std::move(opened);
  return database;
}

void Records::WatchWriter(Service& service) {
  const telemetry::Labels labels = {{"service", service.database->name()}};
  const auto watch = [&](std::string_view name, std::string_view help, auto read) {
    service.watches.push_back(metrics_.WatchGauge(
        name, help, labels,
        [database = service.database.get(), read] { return read(database->writer_stats()); }));
  };
  watch("tongjian_store_queue", "Changes that wait for the writer",
        [](const store::WriterStats& stats) { return static_cast<double>(stats.queued); });
  watch(
      "tongjian_store_queue_age_seconds", "Age of the change that waits longest",
      [](const store::WriterStats& stats) { return absl::ToDoubleSeconds(stats.oldest_waiting); });
  watch("tongjian_store_changes", "Changes committed since the start",
        [](const store::WriterStats& stats) { return static_cast<double>(stats.changes); });
  watch("tongjian_store_batches", "Commits since the start",
        [](const store::WriterStats& stats) { return static_cast<double>(stats.batches); });
}

absl::StatusOr<blob::Store*> Records::OpenBlobs(std::string_view name,
                                                int64_t packed_bytes_max) {
  const std::string service(name);
  TJ_CHECK(!blobs_.contains(service));
  blob::StoreOptions options;
  options.directory = BlobDirectory(options_.state, service);
  options.reserve_bytes = options_.blob_reserve.bytes;
  options.packed_bytes_max = packed_bytes_max;
  TJ_TRY(security::MakeDirectory(options.directory));
  TJ_ASSIGN_OR_RETURN(blobs_[service], blob::Store::Open(options, clock_));
  if (options_.scrub_rate.bytes > 0) {
    const std::string directory = ServiceDirectory(options_.state, service);
    TJ_TRY(security::MakeDirectory(directory));
    const ScrubOptions scrub = {.service = service,
                                .bytes_per_second = options_.scrub_rate.bytes,
                                .cursor_file = directory + "/scrubbed-to"};
    scrubbers_.push_back(std::make_unique<Scrubber>(scrub, *blobs_[service], metrics_, clock_));
  }
  return blobs_[service].get();
}

const Records::Service& Records::Of(std::string_view service) const {
  const auto found = services_.find(service);
  TJ_CHECK(found != services_.end());  // OpenDatabase comes first.
  return *found->second;
}

const rpc::Door& Records::DoorOf(std::string_view service) const { return *Of(service).door; }

rpc::AuditSink& Records::AuditSinkOf(std::string_view service) const { return *Of(service).sink; }

absl::Status Records::Health() const {
  for (const auto& [name, service] : services_) TJ_TRY(service->database->health());
  for (const auto& [name, store] : blobs_) TJ_TRY(store->Writable());
  return absl::OkStatus();
}

absl::Status Records::Failure() const {
  for (const auto& [name, service] : services_) TJ_TRY(service->database->health());
  for (const auto& [name, store] : blobs_) {
    if (store->Stats().read_only) return store->Writable();
  }
  return absl::OkStatus();
}

void Records::Scrub() {
  for (const auto& scrubber : scrubbers_) scrubber->Step();
}

absl::StatusOr<absl::Time> Records::NotTaken(const std::string& name, Service& service) const {
  const auto audit = services_.find(kAuditService);
  if (audit == services_.end()) return absl::InfiniteFuture();
  std::string cursor;
  TJ_TRY(audit->second->database->Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(cursor, store::LoadCursor(session, absl::StrCat(name, ".audit")));
    return absl::OkStatus();
  }));
  TJ_ASSIGN_OR_RETURN(const store::FeedBacklog backlog,
                      service.database->feed().Backlog(store::kAuditStream, cursor));
  return backlog.oldest;
}

absl::Status Records::TrimTrail(const std::string& name, Service& service) {
  if (name == kGateway) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const absl::Time not_taken, NotTaken(name, service));
  const absl::Time before = std::min(clock_.Now() - options_.trail_keep, not_taken);
  return service.database->feed().Trim(store::kAuditStream, before, kTrimAtOnce).status();
}

void Records::Trim() {
  if (!jumps_.CalmFor(options_.feed_calm)) return;
  for (const auto& [name, service] : services_) {
    const auto events =
        service->database->feed().Trim(name, clock_.Now() - options_.feed_keep, kTrimAtOnce);
    const absl::Status requests = service->database->Write([this](store::Transaction& tx) {
      return store::TrimRequests(tx, clock_.Now() - kRequestsKept, kTrimAtOnce).status();
    });
    for (const absl::Status& status : {events.status(), requests, TrimTrail(name, *service)}) {
      if (!status.ok()) {
        telemetry::Log(telemetry::Level::kWarning, "trim_failed",
                       {{"database", name}, {"status", status}});
      }
    }
  }
}

}  // namespace tongjian::runtime
