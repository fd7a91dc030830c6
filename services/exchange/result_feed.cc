#include "services/exchange/result_feed.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/feed/long_poll.h"
#include "common/rpc/door.h"
#include "common/store/database.h"
#include "services/exchange/result.h"
#include "services/exchange/result_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {
namespace {

constexpr char kFeed[] = "exchange";
constexpr char kPullMethod[] = "tongjian.exchange.v1.ResultService/PullEvents";
// Below the 4 MiB a receiver takes.
constexpr size_t kPageBytesMax = 3 << 20;
constexpr char kWatchMethod[] = "tongjian.exchange.v1.ResultService/WatchResults";

}  // namespace

struct ResultFeed::Impl {
  Impl(store::Database& database, const rpc::Door& door, const ResultFeedOptions& given)
      : database(database),
        polls({.threads = given.threads,
               .waiting_max = given.waiting_max,
               .wait_max = given.wait_max,
               .page_default = 50,
               .page_max = 200}) {
    source = std::make_unique<feed::FeedSource>(kFeed, kFeed, database.feed(), door, polls.room);
  }
  // The database stops announcing before the room goes, the room goes before the topic.
  ~Impl() { source->subscription.reset(); }

  feed::PollRequest Ask(const char* method, const std::string& cursor) {
    return {.source = source.get(), .door = &source->door, .method = method, .cursor = cursor};
  }

  // What the event says to the reader; nothing when another event says it. What a facility was told of by its id is read now: the
  // patient may have refused it since, or agreed again.
  absl::StatusOr<std::optional<v1::Result>> Shown(const feed::Reader& reader, v1::Result result) const {
    if (!reader.facility) return IsWithheld(result) ? std::optional<v1::Result>() : result;
    const std::vector<std::string> named = FacilitiesOf(result);
    if (std::find(named.begin(), named.end(), *reader.facility) != named.end()) return result;
    v1::Result shown = Withheld(result.id());
    const absl::Status found = database.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(shown, ResultStore::Find(session, security::Scope::Facilities({*reader.facility}), result.id()));
      return absl::OkStatus();
    });
    if (!absl::IsNotFound(found)) TJ_TRY(found);
    return shown;
  }

  // The next page with the results in it; what it shows is in the call's trail.
  absl::StatusOr<v1::PullEventsResponse> Read(const feed::ReadAt& place) const {
    TJ_ASSIGN_OR_RETURN(const events::v1::PullFeedResponse page,
                        feed::ReadPage(place.source, place.reader, place.cursor, place.limit, place.trail));
    v1::PullEventsResponse response;
    response.set_next_cursor(page.next_cursor());
    response.set_more(page.more());
    size_t bytes = 0;
    for (const events::v1::Event& event : page.events()) {
      auto changed = feed::As<events::v1::ResultChanged>(event);
      if (!changed) continue;
      TJ_ASSIGN_OR_RETURN(std::optional<v1::Result> shown, Shown(place.reader, std::move(*changed->mutable_result())));
      if (!shown) continue;
      bytes += shown->ByteSizeLong();
      if (bytes > kPageBytesMax && !response.events().empty()) {
        response.set_next_cursor(response.events().rbegin()->cursor());
        response.set_more(true);
        break;
      }
      v1::ResultEvent& result = *response.add_events();
      result.set_cursor(event.cursor());
      *result.mutable_time() = event.time();
      *result.mutable_result() = *std::move(shown);
      if (!place.reader.service && !IsWithheld(result.result())) {
        place.trail.TouchPatient(result.result().patient().patient_id());
      }
    }
    return response;
  }

  store::Database& database;
  std::unique_ptr<feed::FeedSource> source;
  feed::Polls polls;
};

ResultFeed::ResultFeed(store::Database& database, const rpc::Door& door, ResultFeedOptions options)
    : impl_(std::make_unique<Impl>(database, door, options)) {}

ResultFeed::~ResultFeed() = default;

void ResultFeed::Close() { impl_->polls.room.Close(); }

grpc::ServerUnaryReactor* ResultFeed::Pull(grpc::CallbackServerContext* context,
                                           const v1::PullEventsRequest* request, v1::PullEventsResponse* response) {
  feed::PollRequest ask = impl_->Ask(kPullMethod, request->cursor());
  ask.page_size = request->page_size();
  ask.wait = &request->wait();
  return new feed::PullReactor<v1::PullEventsResponse>(
      impl_->polls, context, std::move(ask), response,
      [this](const feed::ReadAt& place) { return impl_->Read(place); });
}

grpc::ServerWriteReactor<v1::ResultEvent>* ResultFeed::Watch(grpc::CallbackServerContext* context,
                                                             const v1::WatchResultsRequest* request) {
  const auto read = [this](const feed::ReadAt& place) -> absl::StatusOr<feed::Batch<v1::ResultEvent>> {
    TJ_ASSIGN_OR_RETURN(const v1::PullEventsResponse page, impl_->Read(place));
    return feed::Batch<v1::ResultEvent>{
        {page.events().begin(), page.events().end()}, page.next_cursor(), page.more()};
  };
  return new feed::WatchReactor<v1::ResultEvent>(impl_->polls, context, impl_->Ask(kWatchMethod, request->cursor()),
                                                 read);
}

}  // namespace tongjian::exchange
