#include "common/feed/feed_service.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/feed/feed_source.h"
#include "common/rpc/door.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/reactor.h"
#include "common/store/database.h"

namespace tongjian::feed {

using events::v1::PullFeedRequest;
using events::v1::PullFeedResponse;
using events::v1::WatchFeedRequest;

namespace {

constexpr int64_t kPageDefault = 100;
constexpr int64_t kPageMax = store::kFeedPageMax;
// The answer has to be on its way before the caller gives up.
constexpr absl::Duration kMargin = absl::Milliseconds(200);

absl::StatusOr<int64_t> PageSizeOf(const PullFeedRequest& request) {
  if (request.page_size() < 0) return base::InvalidField("page_size", "must not be negative");
  return request.page_size() == 0 ? kPageDefault : std::min<int64_t>(request.page_size(), kPageMax);
}

}  // namespace

struct FeedService::Impl {
  explicit Impl(const FeedServiceOptions& given) : options(given), room(given.threads) {}
  // Databases stop announcing before the room goes, the room goes before the topics.
  ~Impl() {
    for (auto& [name, source] : sources) source->subscription.reset();
  }

  // The source, or null with a door to refuse at.
  FeedSource* Find(const std::string& name) {
    const auto found = sources.find(name);
    return found == sources.end() ? nullptr : found->second.get();
  }
  const rpc::Door& DoorFor(FeedSource* source) {
    TJ_CHECK(!sources.empty());
    return source != nullptr ? source->door : sources.begin()->second->door;
  }
  absl::Status CheckRoom() const {
    if (visitors <= options.waiting_max) return absl::OkStatus();
    return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                       "too many followers wait");
  }

  const FeedServiceOptions options;
  std::atomic<int64_t> visitors{0};
  std::map<std::string, std::unique_ptr<FeedSource>> sources;
  WaitingRoom room;
};

// One PullFeed: reads, and where there is nothing waits without a thread.
class FeedService::Pull final : public grpc::ServerUnaryReactor, public Visitor {
 public:
  Pull(FeedService::Impl& service, grpc::CallbackServerContext* context,
       const PullFeedRequest& request, PullFeedResponse* response)
      : service_(service), context_(context), request_(request), response_(response) {
    ++service_.visitors;
    service_.room.Enqueue(*this);
  }

  void Run() override {
    grpc::Status refusal;
    if (call_ == nullptr) call_ = Enter(&refusal);
    if (call_ == nullptr) return Finish(refusal);
    const uint64_t version = source_ == nullptr ? 0 : service_.room.VersionOf(source_->news);
    absl::Status read = Read();
    if (read.ok() && service_.room.closed()) read = absl::UnavailableError("the hub is stopping");
    const bool over = absl::Now() >= until_ || context_->IsCancelled();
    if (!read.ok() || response_->events_size() > 0 || over) return Finish(call_->Close(read));
    service_.room.Wait(*this, source_->news, version, until_);
  }

  void OnCancel() override { service_.room.CallUp(*this); }
  void OnDone() override {
    --service_.visitors;
    delete this;
  }

 private:
  std::unique_ptr<rpc::Call> Enter(grpc::Status* refusal) {
    source_ = service_.Find(request_.feed());
    auto call = service_.DoorFor(source_).Open(context_, "tongjian.events.v1.FeedService/PullFeed",
                                               refusal);
    if (call != nullptr && prepared_.ok()) prepared_ = Prepare(*call);
    return call;
  }

  absl::Status Prepare(rpc::Call& call) {
    if (source_ == nullptr) return base::NotFound("feed");
    TJ_TRY(service_.CheckRoom());
    TJ_ASSIGN_OR_RETURN(reader_, ReaderOf(*source_, call));
    TJ_ASSIGN_OR_RETURN(page_size_, PageSizeOf(request_));
    TJ_ASSIGN_OR_RETURN(const absl::Duration wait,
                        rpc::CheckedDuration(request_.wait(), service_.options.wait_max, "wait"));
    until_ = std::min(absl::Now() + wait, call.deadline() - kMargin);
    return absl::OkStatus();
  }

  absl::Status Read() {
    TJ_TRY(prepared_);
    TJ_ASSIGN_OR_RETURN(*response_,
                        ReadPage(*source_, reader_, request_.cursor(), page_size_, call_->trail()));
    if (reader_.service || response_->events_size() == 0) call_->trail().Omit();
    return absl::OkStatus();
  }

  FeedService::Impl& service_;
  grpc::CallbackServerContext* const context_;
  const PullFeedRequest& request_;
  PullFeedResponse* const response_;
  FeedSource* source_ = nullptr;
  std::unique_ptr<rpc::Call> call_;
  absl::Status prepared_;
  Reader reader_;
  int64_t page_size_ = kPageDefault;
  absl::Time until_;
};

// One WatchFeed: a page, its writing, the next page; between them it waits without a thread.
class FeedService::Watch final : public grpc::ServerWriteReactor<PullFeedResponse>, public Visitor {
 public:
  Watch(FeedService::Impl& service, grpc::CallbackServerContext* context,
        const WatchFeedRequest& request)
      : service_(service), context_(context), request_(request), cursor_(request.cursor()) {
    ++service_.visitors;
    service_.room.Enqueue(*this);
  }

  void Run() override {
    grpc::Status refusal;
    if (call_ == nullptr) call_ = Enter(&refusal);
    if (call_ == nullptr) return Finish(refusal);
    const absl::Status outcome = Outcome();
    if (!outcome.ok()) return Finish(call_->Close(outcome));
    const uint64_t version = service_.room.VersionOf(source_->news);
    absl::StatusOr<PullFeedResponse> page =
        ReadPage(*source_, reader_, cursor_, kPageDefault, call_->trail());
    if (!page.ok()) return Finish(call_->Close(page.status()));
    page_ = *std::move(page);
    cursor_ = page_.next_cursor();
    if (page_.events_size() > 0) return StartWrite(&page_);
    service_.room.Wait(*this, source_->news, version, absl::InfiniteFuture());
  }

  void OnWriteDone(bool ok) override {
    broken_ = !ok;
    service_.room.Enqueue(*this);
  }
  void OnCancel() override { service_.room.CallUp(*this); }
  void OnDone() override {
    --service_.visitors;
    delete this;
  }

 private:
  std::unique_ptr<rpc::Call> Enter(grpc::Status* refusal) {
    source_ = service_.Find(request_.feed());
    auto call = service_.DoorFor(source_).Open(context_, "tongjian.events.v1.FeedService/WatchFeed",
                                               refusal);
    if (call != nullptr) prepared_ = Prepare(*call);
    return call;
  }

  absl::Status Prepare(rpc::Call& call) {
    if (source_ == nullptr) return base::NotFound("feed");
    TJ_TRY(service_.CheckRoom());
    TJ_ASSIGN_OR_RETURN(reader_, ReaderOf(*source_, call));
    return absl::OkStatus();
  }

  // Not OK: the stream is over.
  absl::Status Outcome() const {
    TJ_TRY(prepared_);
    if (broken_ || context_->IsCancelled()) return absl::CancelledError("the follower went away");
    if (service_.room.closed()) return absl::UnavailableError("the hub is stopping");
    return absl::OkStatus();
  }

  FeedService::Impl& service_;
  grpc::CallbackServerContext* const context_;
  const WatchFeedRequest& request_;
  std::string cursor_;
  PullFeedResponse page_;
  FeedSource* source_ = nullptr;
  std::unique_ptr<rpc::Call> call_;
  absl::Status prepared_;
  Reader reader_;
  bool broken_ = false;
};

FeedService::FeedService(FeedServiceOptions options) : impl_(std::make_unique<Impl>(options)) {}

FeedService::~FeedService() = default;

void FeedService::Add(std::string_view service, store::Database& database, const rpc::Door& door) {
  const std::string name(service);
  const auto add = [&](const std::string& feed, std::string_view stream) {
    impl_->sources[feed] =
        std::make_unique<FeedSource>(feed, std::string(stream), database.feed(), door, impl_->room);
  };
  add(name, name);
  add(absl::StrCat(name, ".audit"), store::kAuditStream);
}

void FeedService::Close() { impl_->room.Close(); }

grpc::ServerUnaryReactor* FeedService::PullFeed(grpc::CallbackServerContext* context,
                                                const PullFeedRequest* request,
                                                PullFeedResponse* response) {
  return new Pull(*impl_, context, *request, response);
}

grpc::ServerWriteReactor<PullFeedResponse>* FeedService::WatchFeed(
    grpc::CallbackServerContext* context, const WatchFeedRequest* request) {
  return new Watch(*impl_, context, *request);
}

}  // namespace tongjian::feed
