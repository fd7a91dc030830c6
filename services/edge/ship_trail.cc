#include "services/edge/ship_trail.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/store/event.h"
#include "common/telemetry/log.h"
#include "services/edge/link.h"
#include "services/edge/pace.h"
#include "services/edge/trail_store.h"
#include "tongjian/audit/v1/audit.grpc.pb.h"

namespace tongjian::edge {
namespace {

// A batch is small, so that it passes a link of 64 kbit/s in seconds and between urgent images.
constexpr int64_t kRecordsAtOnce = 100;
constexpr size_t kBytesAtOnce = 32 << 10;
constexpr absl::Duration kTimeout = absl::Seconds(60);
constexpr absl::Duration kGather = absl::Milliseconds(300);  // Records that come together go together.
constexpr absl::Duration kHeadEvery = absl::Minutes(10);
constexpr absl::Duration kPauseFirst = absl::Milliseconds(500);
constexpr absl::Duration kPauseMax = absl::Minutes(1);

bool Away(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsCancelled(status);
}

bool CursorLost(const absl::Status& status) { return absl::IsOutOfRange(status); }

// The beginning of the page, as much as goes in one batch; at least one record. Where it ends.
std::string Fill(const store::FeedPage& page, const store::Feed& feed,
                 audit::v1::AppendRecordsRequest& request) {
  size_t bytes = 0;
  for (const store::Event& event : page.events) {
    if (request.records_size() > 0 && bytes + event.payload.size() > kBytesAtOnce) {
      return feed.CursorAfter(page.events[request.records_size() - 1]);
    }
    bytes += event.payload.size();
    request.add_records(event.payload);
  }
  return page.next_cursor;
}

}  // namespace

ShipTrail::ShipTrail(store::Database& database, Link& link, std::function<bool()> busy,
                     const base::Clock& clock, telemetry::Registry& metrics)
    : database_(database),
      link_(link),
      busy_(std::move(busy)),
      clock_(clock),
      delivered_(metrics.GetCounter("tongjian_edge_audit_delivered_total",
                                    "Audit records that the hub has taken")),
      failed_(metrics.GetCounter("tongjian_edge_audit_failures_total",
                                 "Deliveries of audit records that failed")) {}

ShipTrail::~ShipTrail() { Stop(); }

void ShipTrail::Start() {
  stopping_ = false;
  news_ = database_.feed().Subscribe(store::kAuditStream, [this] { Wake(); });
  thread_ = std::thread([this] { Run(); });
}

void ShipTrail::Stop() {
  news_.reset();
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (running_ != nullptr) running_->TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ShipTrail::Wake() {
  const std::lock_guard lock(mutex_);
  ++now_.wakes;
  changed_.notify_all();
}

void ShipTrail::LinkReturned() {
  const std::lock_guard lock(mutex_);
  ++now_.returns;
  changed_.notify_all();
}

void ShipTrail::Announce(grpc::ClientContext* context) {
  const std::lock_guard lock(mutex_);
  running_ = context;
  if (running_ != nullptr && stopping_) running_->TryCancel();
}

void ShipTrail::Note(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  last_refusal_ = status.ok() || Away(status) ? "" : status.ToString();
}

absl::StatusOr<bool> ShipTrail::Ship(bool ask) {
  TrailKnown known;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(known, ReadTrailKnown(session));
    return absl::OkStatus();
  }));
  const auto page =
      database_.feed().Read(store::kAuditStream, known.cursor, std::nullopt, kRecordsAtOnce);
  if (CursorLost(page.status())) {
    // This gateway was restored from a backup: the hub knows what it has already.
    TJ_TRY(database_.Write([](store::Transaction& tx) { return ForgetTrailCursor(tx); }));
    return true;
  }
  TJ_TRY(page.status());
  const absl::Duration now = clock_.Elapsed();
  if (page->events.empty() && !ask && now - asked_ < kHeadEvery) return false;
  audit::v1::AppendRecordsRequest request;
  const std::string cursor = Fill(*page, database_.feed(), request);
  if (known.position) *request.mutable_known_position() = *std::move(known.position);
  if (known.head) *request.mutable_known_head() = *std::move(known.head);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = kTimeout});
  audit::v1::AppendRecordsResponse answer;
  Announce(call.context());
  const absl::Status sent = call.Result(audit::v1::AuditService::NewStub(link_.calls())
                                            ->AppendRecords(call.context(), request, &answer));
  Announce(nullptr);
  TJ_TRY(sent);
  if (answer.rewound()) {
    telemetry::Log(telemetry::Level::kError, "hub_trail_rewound",
                   {{"known_sequence", request.known_position().sequence()}});
  }
  TJ_TRY(database_.Write([&](store::Transaction& tx) {
    return SaveTrailAnswer(tx, cursor, answer, clock_.Now());
  }));
  asked_ = now;
  delivered_.Add(request.records_size());
  return answer.rewound() || page->more || cursor != page->next_cursor;
}

void ShipTrail::Await(const Seen& seen) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(kHeadEvery), [&] {
    return stopping_ || now_.wakes != seen.wakes || now_.returns != seen.returns;
  });
  changed_.wait_for(lock, absl::ToChronoMilliseconds(kGather), [&] { return stopping_; });
}

void ShipTrail::Rest(absl::Duration pause, const Seen& seen) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, absl::ToChronoMilliseconds(pause),
                    [&] { return stopping_ || now_.returns != seen.returns; });
}

void ShipTrail::Run() {
  absl::Duration pause = kPauseFirst;
  uint64_t asked_return = 0;
  while (true) {
    Seen seen;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      seen = now_;
    }
    if (!link_.reachable() || busy_()) {
      Rest(kPauseFirst, seen);
      continue;
    }
    const auto more = Ship(seen.returns != asked_return);
    Note(more.status());
    if (more.ok()) {
      pause = kPauseFirst;
      asked_return = seen.returns;
      if (!*more) Await(seen);
      continue;
    }
    failed_.Add();
    telemetry::Log(Away(more.status()) ? telemetry::Level::kInfo : telemetry::Level::kError,
                   "trail_not_delivered", {{"status", more.status()}});
    Rest(Jittered(pause), seen);
    pause = std::min(pause * 2, kPauseMax);
  }
}

absl::StatusOr<TrailBacklog> ShipTrail::Backlog() {
  TrailKnown known;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(known, ReadTrailKnown(session));
    return absl::OkStatus();
  }));
  TJ_ASSIGN_OR_RETURN(const store::FeedBacklog backlog,
                      database_.feed().Backlog(store::kAuditStream, known.cursor));
  const std::lock_guard lock(mutex_);
  return TrailBacklog{
      .records = backlog.events, .oldest = backlog.oldest, .last_refusal = last_refusal_};
}

}  // namespace tongjian::edge
