#include "common/feed/follower.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/feed/applier.h"
#include "common/rpc/proto_time.h"
#include "common/store/consumer.h"
#include "common/store/database.h"
#include "common/telemetry/log.h"
#include "tongjian/events/v1/feed.grpc.pb.h"

namespace tongjian::feed {

using events::v1::PullFeedResponse;

namespace {

// Beyond the long poll, for the answer to travel.
constexpr absl::Duration kPullMargin = absl::Seconds(10);

bool CursorLost(const absl::Status& status) {
  const std::string reason = base::DetailOf(status).reason;
  return reason == "CURSOR_EXPIRED" || reason == "CURSOR_FOREIGN";
}

}  // namespace

absl::Status ReferenceUnknown(std::string_view what) {
  return base::Conflict("REFERENCE_UNKNOWN",
                        absl::StrCat(std::string(what), " is not known here yet"));
}

class Follower::Impl {
 public:
  Impl(FollowerOptions options, rpc::ChannelSource channel, rpc::OutgoingIdentity identity,
       store::Database& database, telemetry::Registry& metrics, Handler handler, Applied applied)
      : options_(std::move(options)),
        channel_source_(std::move(channel)),
        identity_(std::move(identity)),
        database_(database),
        applier_(options_, database, metrics, std::move(handler), std::move(applied)),
        lag_(metrics.GetGauge("tongjian_feed_lag_seconds",
                              "Since when a follower has not seen the end of its feed",
                              {{"feed", options_.feed},
                               {"follower", database.name()},
                               {"purpose", options_.purpose}})),
        caught_up_(database.clock().Elapsed()) {}

  ~Impl() { Stop(); }

  void Start() {
    TJ_CHECK(!thread_.joinable());
    stopping_ = false;
    thread_ = std::thread([this] { Follow(); });
  }

  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      if (pull_ != nullptr) pull_->TryCancel();
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  // One page and one round over what is parked: how many events took effect, and whether there is
  // more.
  absl::StatusOr<std::pair<int, bool>> Step(absl::Duration wait) {
    absl::StatusOr<PullFeedResponse> page = Pull(wait);
    if (!page.ok() && CursorLost(page.status())) {
      telemetry::Log(telemetry::Level::kWarning, "feed_followed_anew",
                     {{"feed", options_.feed}, {"status", page.status()}});
      const bool restored = base::DetailOf(page.status()).reason == "CURSOR_FOREIGN";
      TJ_TRY(applier_.StartAnew(restored ? options_.restored : nullptr));
      page = Pull(absl::ZeroDuration());
    }
    TJ_TRY(page.status());
    TJ_ASSIGN_OR_RETURN(const int fresh, applier_.Apply(*page));
    TJ_ASSIGN_OR_RETURN(const int retried, applier_.RetryParked());
    if (!page->more()) caught_up_ = database_.clock().Elapsed();
    return std::pair(fresh + retried, page->more());
  }

 private:
  void Follow() {
    absl::Duration pause = options_.back_off_first;
    absl::Duration retry = options_.retry_first;
    while (!stopping()) {
      const auto step = Step(applier_.any_parked() ? std::min(retry, options_.wait) : options_.wait);
      lag_.Set(absl::ToDoubleSeconds(database_.clock().Elapsed() - caught_up_));
      if (step.ok()) {
        pause = options_.back_off_first;
        retry = step->first > 0 ? options_.retry_first : std::min(retry * 2, options_.retry_max);
        continue;
      }
      if (stopping()) return;
      telemetry::Log(telemetry::Level::kWarning, "feed_away",
                     {{"feed", options_.feed}, {"status", step.status()}});
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, absl::ToChronoMilliseconds(pause), [this] { return stopping_; });
      pause = std::min(pause * 2, options_.back_off_max);
    }
  }

  absl::StatusOr<PullFeedResponse> Pull(absl::Duration wait) {
    const std::shared_ptr<grpc::Channel> channel = channel_source_();
    if (channel == nullptr)
      return absl::UnavailableError(absl::StrCat("no channel to feed ", options_.feed));
    events::v1::PullFeedRequest request;
    request.set_feed(options_.feed);
    TJ_ASSIGN_OR_RETURN(*request.mutable_cursor(), applier_.Cursor());
    request.set_page_size(options_.page_size);
    *request.mutable_wait() = rpc::ToProto(wait);

    rpc::ClientCall call(identity_, {.timeout = wait + kPullMargin});
    PullFeedResponse response;
    Announce(call.context());
    const grpc::Status status =
        events::v1::FeedService::NewStub(channel)->PullFeed(call.context(), request, &response);
    Announce(nullptr);
    TJ_TRY(call.Result(status));
    return response;
  }

  // The call that Stop cuts short.
  void Announce(grpc::ClientContext* context) {
    const std::lock_guard lock(mutex_);
    pull_ = context;
    if (pull_ != nullptr && stopping_) pull_->TryCancel();
  }

  bool stopping() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  const FollowerOptions options_;
  const rpc::ChannelSource channel_source_;
  const rpc::OutgoingIdentity identity_;
  store::Database& database_;
  Applier applier_;
  telemetry::Gauge& lag_;
  absl::Duration caught_up_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  grpc::ClientContext* pull_ = nullptr;
  std::thread thread_;
};

Follower::Follower(FollowerOptions options, rpc::ChannelSource channel,
                   rpc::OutgoingIdentity identity, store::Database& database,
                   telemetry::Registry& metrics, Handler handler, Applied applied)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(channel), std::move(identity),
                                   database, metrics, std::move(handler), std::move(applied))) {}

Follower::~Follower() = default;

void Follower::Start() { impl_->Start(); }

void Follower::Stop() { impl_->Stop(); }

absl::StatusOr<int> Follower::RunOnce() {
  TJ_ASSIGN_OR_RETURN(const auto step, impl_->Step(absl::ZeroDuration()));
  return step.first;
}

absl::Status Follower::CatchUp() {
  while (true) {
    TJ_ASSIGN_OR_RETURN(const auto step, impl_->Step(absl::ZeroDuration()));
    if (!step.second) return absl::OkStatus();
  }
}

}  // namespace tongjian::feed
