#include "common/feed/feed_service.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/check.h"
#include "common/base/status.h"
#include "common/feed/long_poll.h"
#include "common/store/database.h"

namespace tongjian::feed {

using events::v1::PullFeedRequest;
using events::v1::PullFeedResponse;
using events::v1::WatchFeedRequest;

struct FeedService::Impl {
  explicit Impl(const FeedServiceOptions& given)
      : polls({.threads = given.threads,
               .waiting_max = given.waiting_max,
               .wait_max = given.wait_max,
               .page_max = store::kFeedPageMax}) {}
  // Databases stop announcing before the room goes, the room goes before the topics.
  ~Impl() {
    for (auto& [name, source] : sources) source->subscription.reset();
  }

  // The feed with its door; an unknown one is refused at any.
  PollRequest Ask(const char* method, const std::string& feed, const std::string& cursor) {
    TJ_CHECK(!sources.empty());
    const auto found = sources.find(feed);
    FeedSource* source = found == sources.end() ? nullptr : found->second.get();
    const FeedSource& at = source == nullptr ? *sources.begin()->second : *source;
    return {.source = source, .door = &at.door, .method = method, .cursor = cursor};
  }

  std::map<std::string, std::unique_ptr<FeedSource>> sources;
  Polls polls;
};

FeedService::FeedService(FeedServiceOptions options) : impl_(std::make_unique<Impl>(options)) {}

FeedService::~FeedService() = default;

void FeedService::Add(std::string_view service, store::Database& database, const rpc::Door& door) {
  const std::string name(service);
  const auto add = [&](const std::string& feed, std::string_view stream) {
    impl_->sources[feed] =
        std::make_unique<FeedSource>(feed, std::string(stream), database.feed(), door, impl_->polls.room);
  };
  add(name, name);
  add(absl::StrCat(name, ".audit"), store::kAuditStream);
}

void FeedService::Close() { impl_->polls.room.Close(); }

grpc::ServerUnaryReactor* FeedService::PullFeed(grpc::CallbackServerContext* context,
                                                const PullFeedRequest* request,
                                                PullFeedResponse* response) {
  PollRequest ask = impl_->Ask("tongjian.events.v1.FeedService/PullFeed", request->feed(),
                               request->cursor());
  ask.page_size = request->page_size();
  ask.wait = &request->wait();
  return new PullReactor<PullFeedResponse>(
      impl_->polls, context, std::move(ask), response, [](const ReadAt& place) {
        return ReadPage(place.source, place.reader, place.cursor, place.limit, place.trail);
      });
}

grpc::ServerWriteReactor<PullFeedResponse>* FeedService::WatchFeed(
    grpc::CallbackServerContext* context, const WatchFeedRequest* request) {
  const auto read = [](const ReadAt& place) -> absl::StatusOr<Batch<PullFeedResponse>> {
    TJ_ASSIGN_OR_RETURN(PullFeedResponse page, ReadPage(place.source, place.reader, place.cursor,
                                                        place.limit, place.trail));
    Batch<PullFeedResponse> batch{{}, page.next_cursor(), false};
    if (page.events_size() > 0) batch.items.push_back(std::move(page));
    return batch;
  };
  return new WatchReactor<PullFeedResponse>(
      impl_->polls, context,
      impl_->Ask("tongjian.events.v1.FeedService/WatchFeed", request->feed(), request->cursor()),
      read);
}

}  // namespace tongjian::feed
