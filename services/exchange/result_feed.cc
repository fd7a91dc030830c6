#include "services/exchange/result_feed.h"

#include <algorithm>
#include <atomic>
#include <string>
#include <utility>

#include "absl/time/clock.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/feed/feed_source.h"
#include "common/rpc/door.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/reactor.h"
#include "common/store/database.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {
namespace {

constexpr char kFeed[] = "exchange";
constexpr char kPullMethod[] = "tongjian.exchange.v1.ResultService/PullEvents";
constexpr char kWatchMethod[] = "tongjian.exchange.v1.ResultService/WatchResults";
constexpr int64_t kPageDefault = 50;
constexpr int64_t kPageMax = 200;
// The answer has to be on its way before the caller gives up.
constexpr absl::Duration kMargin = absl::Milliseconds(200);

absl::StatusOr<int64_t> PageSizeOf(const v1::PullEventsRequest& request) {
  if (request.page_size() < 0) return base::InvalidField("page_size", "must not be negative");
  return request.page_size() == 0 ? kPageDefault : std::min<int64_t>(request.page_size(), kPageMax);
}

}  // namespace

struct ResultFeed::Impl {
  Impl(store::Database& database, const rpc::Door& door, const ResultFeedOptions& given)
      : options(given), room(given.threads), source(kFeed, kFeed, database.feed(), door, room) {}

  absl::Status CheckRoom() const {
    if (visitors <= options.waiting_max) return absl::OkStatus();
    return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "", "too many wait for results");
  }

  // The next page after `cursor` with the results in it; what it shows is in the call's trail.
  absl::StatusOr<v1::PullEventsResponse> Read(const feed::Reader& reader, const std::string& cursor, int64_t limit,
                                              rpc::Trail& trail) {
    TJ_ASSIGN_OR_RETURN(const events::v1::PullFeedResponse page,
                        feed::ReadPage(source, reader, cursor, limit, trail));
    v1::PullEventsResponse response;
    response.set_next_cursor(page.next_cursor());
    response.set_more(page.more());
    for (const events::v1::Event& event : page.events()) {
      auto changed = feed::As<events::v1::ResultChanged>(event);
      if (!changed) continue;
      v1::ResultEvent& result = *response.add_events();
      result.set_cursor(event.cursor());
      *result.mutable_time() = event.time();
      *result.mutable_result() = std::move(*changed->mutable_result());
      if (!reader.service) trail.TouchPatient(result.result().patient().patient_id());
    }
    return response;
  }

  const ResultFeedOptions options;
  std::atomic<int64_t> visitors{0};
  feed::WaitingRoom room;
  feed::FeedSource source;
};

// One PullEvents: reads, and where there is nothing waits without a thread.
class ResultFeed::PullReactor final : public grpc::ServerUnaryReactor, public feed::Visitor {
 public:
  PullReactor(ResultFeed::Impl& service, grpc::CallbackServerContext* context, const v1::PullEventsRequest& request,
              v1::PullEventsResponse* response)
      : service_(service), context_(context), request_(request), response_(response), cursor_(request.cursor()) {
    ++service_.visitors;
    service_.room.Enqueue(*this);
  }

  void Run() override {
    grpc::Status refusal;
    if (call_ == nullptr) call_ = Enter(&refusal);
    if (call_ == nullptr) return Finish(refusal);
    const uint64_t version = service_.room.VersionOf(service_.source.news);
    absl::Status read = Read();
    if (read.ok() && service_.room.closed()) read = absl::UnavailableError("the hub is stopping");
    const bool over = absl::Now() >= until_ || context_->IsCancelled();
    if (!read.ok() || response_->events_size() > 0 || over) return Finish(call_->Close(read));
    if (response_->more()) return service_.room.Wait(*this, service_.source.news, version, absl::Now());
    service_.room.Wait(*this, service_.source.news, version, until_);
  }

  void OnCancel() override { service_.room.CallUp(*this); }
  void OnDone() override {
    --service_.visitors;
    delete this;
  }

 private:
  std::unique_ptr<rpc::Call> Enter(grpc::Status* refusal) {
    auto call = service_.source.door.Open(context_, kPullMethod, refusal);
    if (call != nullptr) prepared_ = Prepare(*call);
    return call;
  }

  absl::Status Prepare(rpc::Call& call) {
    TJ_TRY(service_.CheckRoom());
    TJ_ASSIGN_OR_RETURN(reader_, feed::ReaderOf(service_.source, call));
    TJ_ASSIGN_OR_RETURN(page_size_, PageSizeOf(request_));
    TJ_ASSIGN_OR_RETURN(const absl::Duration wait,
                        rpc::CheckedDuration(request_.wait(), service_.options.wait_max, "wait"));
    until_ = std::min(absl::Now() + wait, call.deadline() - kMargin);
    return absl::OkStatus();
  }

  absl::Status Read() {
    TJ_TRY(prepared_);
    TJ_ASSIGN_OR_RETURN(*response_, service_.Read(reader_, cursor_, page_size_, call_->trail()));
    cursor_ = response_->next_cursor();  // A page without results is behind us.
    if (reader_.service || response_->events_size() == 0) call_->trail().Omit();
    return absl::OkStatus();
  }

  ResultFeed::Impl& service_;
  grpc::CallbackServerContext* const context_;
  const v1::PullEventsRequest& request_;
  v1::PullEventsResponse* const response_;
  std::string cursor_;
  std::unique_ptr<rpc::Call> call_;
  absl::Status prepared_;
  feed::Reader reader_;
  int64_t page_size_ = kPageDefault;
  absl::Time until_;
};

// One WatchResults: a page, event by event, then the next; between them it waits without a thread.
class ResultFeed::WatchReactor final : public grpc::ServerWriteReactor<v1::ResultEvent>, public feed::Visitor {
 public:
  WatchReactor(ResultFeed::Impl& service, grpc::CallbackServerContext* context,
               const v1::WatchResultsRequest& request)
      : service_(service), context_(context), cursor_(request.cursor()) {
    ++service_.visitors;
    service_.room.Enqueue(*this);
  }

  void Run() override {
    grpc::Status refusal;
    if (call_ == nullptr) call_ = Enter(&refusal);
    if (call_ == nullptr) return Finish(refusal);
    const absl::Status outcome = Outcome();
    if (!outcome.ok()) return Finish(call_->Close(outcome));
    if (next_ < page_.events_size()) return StartWrite(&page_.events(next_++));
    const uint64_t version = service_.room.VersionOf(service_.source.news);
    absl::StatusOr<v1::PullEventsResponse> page = service_.Read(reader_, cursor_, kPageDefault, call_->trail());
    if (!page.ok()) return Finish(call_->Close(page.status()));
    page_ = *std::move(page);
    next_ = 0;
    cursor_ = page_.next_cursor();
    if (page_.events_size() > 0) return StartWrite(&page_.events(next_++));
    service_.room.Wait(*this, service_.source.news, version,
                       page_.more() ? absl::Now() : absl::InfiniteFuture());
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
    auto call = service_.source.door.Open(context_, kWatchMethod, refusal);
    if (call != nullptr) prepared_ = Prepare(*call);
    return call;
  }

  absl::Status Prepare(rpc::Call& call) {
    TJ_TRY(service_.CheckRoom());
    TJ_ASSIGN_OR_RETURN(reader_, feed::ReaderOf(service_.source, call));
    return absl::OkStatus();
  }

  // Not OK: the stream is over.
  absl::Status Outcome() const {
    TJ_TRY(prepared_);
    if (broken_ || context_->IsCancelled()) return absl::CancelledError("the watcher went away");
    if (service_.room.closed()) return absl::UnavailableError("the hub is stopping");
    return absl::OkStatus();
  }

  ResultFeed::Impl& service_;
  grpc::CallbackServerContext* const context_;
  std::string cursor_;
  v1::PullEventsResponse page_;
  int next_ = 0;
  std::unique_ptr<rpc::Call> call_;
  absl::Status prepared_;
  feed::Reader reader_;
  bool broken_ = false;
};

ResultFeed::ResultFeed(store::Database& database, const rpc::Door& door, ResultFeedOptions options)
    : impl_(std::make_unique<Impl>(database, door, options)) {}

ResultFeed::~ResultFeed() = default;

void ResultFeed::Close() { impl_->room.Close(); }

grpc::ServerUnaryReactor* ResultFeed::Pull(grpc::CallbackServerContext* context,
                                           const v1::PullEventsRequest* request, v1::PullEventsResponse* response) {
  return new PullReactor(*impl_, context, *request, response);
}

grpc::ServerWriteReactor<v1::ResultEvent>* ResultFeed::Watch(grpc::CallbackServerContext* context,
                                                             const v1::WatchResultsRequest* request) {
  return new WatchReactor(*impl_, context, *request);
}

}  // namespace tongjian::exchange
