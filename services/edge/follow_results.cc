#include "services/edge/follow_results.h"

#include <algorithm>
#include <optional>

#include "common/base/status.h"
#include "common/rpc/proto_time.h"
#include "common/store/consumer.h"
#include "common/telemetry/log.h"
#include "services/edge/result_store.h"
#include "services/edge/drop_folder.h"
#include "services/edge/link.h"
#include "services/edge/restore_store.h"
#include "tongjian/exchange/v1/result.grpc.pb.h"

namespace tongjian::edge {
namespace {

constexpr char kFeed[] = "exchange.results";
constexpr int kPageSize = 50;
constexpr absl::Duration kWait = absl::Seconds(25);
constexpr char kForeign[] = "CURSOR_FOREIGN";
constexpr absl::Duration kListTimeout = absl::Seconds(60);
constexpr absl::Duration kMargin = absl::Seconds(10);
constexpr absl::Duration kPauseFirst = absl::Milliseconds(250);
constexpr absl::Duration kPauseMax = absl::Seconds(15);

bool CursorLost(const absl::Status& status) {
  const std::string reason = base::DetailOf(status).reason;
  return reason == "CURSOR_EXPIRED" || reason == kForeign;
}

}  // namespace

FollowResults::~FollowResults() { Stop(); }

void FollowResults::Start() {
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void FollowResults::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    if (pull_ != nullptr) pull_->TryCancel();
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void FollowResults::Wake() {
  const std::lock_guard lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

void FollowResults::Announce(grpc::ClientContext* context) {
  const std::lock_guard lock(mutex_);
  pull_ = context;
  if (pull_ != nullptr && stopping_) pull_->TryCancel();
}

absl::Status FollowResults::Pull(absl::Duration wait) {
  exchange::v1::PullEventsRequest request;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(*request.mutable_cursor(), store::LoadCursor(session, kFeed));
    return absl::OkStatus();
  }));
  request.set_page_size(kPageSize);
  *request.mutable_wait() = rpc::ToProto(wait);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = wait + kMargin});
  exchange::v1::PullEventsResponse page;
  Announce(call.context());
  const absl::Status pulled = call.Result(exchange::v1::ResultService::NewStub(link_.calls())
                                              ->PullEvents(call.context(), request, &page));
  Announce(nullptr);
  if (CursorLost(pulled)) return StartAnew(pulled);
  TJ_TRY(pulled);
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    for (const exchange::v1::ResultEvent& event : page.events()) TJ_TRY(Keep(tx, event.result()));
    return store::SaveCursor(tx, kFeed, page.next_cursor());
  });
}

absl::Status FollowResults::StartAnew(const absl::Status& why) {
  telemetry::Log(telemetry::Level::kWarning, "results_followed_anew", {{"status", why}});
  const bool restored = base::DetailOf(why).reason == kForeign;
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    if (restored && restored_ != nullptr) TJ_TRY(restored_(tx));
    // Else what the feed has lost would be missed without a word.
    if (!restored) TJ_TRY(StartListing(tx));
    return store::SaveCursor(tx, kFeed, "");
  });
}

absl::Status FollowResults::Keep(store::Transaction& tx, const exchange::v1::Result& result) {
  TJ_ASSIGN_OR_RETURN(const bool news, ApplyResult(tx, facility_id_, result));
  return news ? drop_.Offer(tx, result) : absl::OkStatus();
}

absl::Status FollowResults::ListCurrent(const std::string& page_token) {
  exchange::v1::ListResultsRequest request;
  request.set_facility_id(facility_id_);
  request.set_page_size(kPageSize);
  request.set_page_token(page_token);
  rpc::ClientCall call(rpc::OutgoingIdentity::Machine(), {.timeout = kListTimeout});
  exchange::v1::ListResultsResponse page;
  Announce(call.context());
  const absl::Status listed = call.Result(exchange::v1::ResultService::NewStub(link_.calls())
                                              ->ListResults(call.context(), request, &page));
  Announce(nullptr);
  if (absl::IsInvalidArgument(listed)) {
    // A hub of before this list, or a token it no longer knows: its feed is all that can be had.
    telemetry::Log(telemetry::Level::kError, "results_not_listed", {{"status", listed}});
    page.Clear();
  } else {
    TJ_TRY(listed);
  }
  return database_.Write([&](store::Transaction& tx) -> absl::Status {
    for (const exchange::v1::Result& result : page.results()) TJ_TRY(Keep(tx, result));
    return SaveListing(tx, page.next_page_token());
  });
}

absl::Status FollowResults::Step() {
  std::optional<std::string> listing;
  TJ_TRY(database_.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(listing, ListingPage(session));
    return absl::OkStatus();
  }));
  return listing ? ListCurrent(*listing) : Pull(kWait);
}

void FollowResults::Run() {
  absl::Duration pause = kPauseFirst;
  while (true) {
    uint64_t seen = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      seen = wakes_;
    }
    const absl::Status step = Step();
    if (step.ok()) {
      pause = kPauseFirst;
      continue;
    }
    std::unique_lock lock(mutex_);
    if (stopping_) return;
    telemetry::Log(telemetry::Level::kInfo, "results_away", {{"status", step}});
    changed_.wait_for(lock, absl::ToChronoMilliseconds(pause),
                      [&] { return stopping_ || wakes_ != seen; });
    pause = std::min(pause * 2, kPauseMax);
  }
}

}  // namespace tongjian::edge
