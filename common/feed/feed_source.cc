#include "common/feed/feed_source.h"

#include <utility>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/door.h"

namespace tongjian::feed {
namespace {

// Below the 4 MiB a receiver takes.
constexpr size_t kPageBytesMax = 3 << 20;
// What a feed may hold in memory for its last page.
constexpr size_t kKeptBytesMax = 512 << 10;

absl::Status Denied(std::string_view why) {
  return base::Error(absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "feed", why);
}

}  // namespace

std::shared_ptr<const events::v1::PullFeedResponse> LastPage::Find(const std::string& cursor,
                                                                   int64_t limit) const {
  const std::lock_guard lock(mutex_);
  return page_ != nullptr && cursor == cursor_ && limit == limit_ ? page_ : nullptr;
}

void LastPage::Keep(const std::string& cursor, int64_t limit,
                    const events::v1::PullFeedResponse& page) {
  if (cursor.empty() || page.events_size() == 0 || page.ByteSizeLong() > kKeptBytesMax) return;
  auto kept = std::make_shared<const events::v1::PullFeedResponse>(page);
  const std::lock_guard lock(mutex_);
  cursor_ = cursor;
  limit_ = limit;
  page_ = std::move(kept);
}

FeedSource::FeedSource(std::string name, std::string stream, store::Feed& feed,
                       const rpc::Door& door, WaitingRoom& room)
    : name(std::move(name)), stream(std::move(stream)), feed(feed), door(door) {
  subscription = feed.Subscribe(this->stream, [this, &room] { room.Announce(news); });
}

absl::StatusOr<Reader> ReaderOf(const FeedSource& source, const rpc::Call& call) {
  const security::Caller& caller = call.caller();
  if (caller.kind == security::CallerKind::kService && caller.on_behalf_of == nullptr) {
    return Reader{.facility = std::nullopt, .service = true};
  }
  if (source.stream == store::kAuditStream)
    return Denied("audit feeds are for the hub's own services");
  // A service that asks for somebody gets what that somebody may have.
  const bool for_another = caller.kind == security::CallerKind::kService;
  if (call.scope().all() && !for_another) return Reader{};
  const std::string& facility = security::Originator(caller).facility_id;
  if (facility.empty() || !call.scope().Contains(facility))
    return Denied("the caller belongs to no facility");
  return Reader{.facility = facility};
}

absl::StatusOr<events::v1::PullFeedResponse> ReadPage(FeedSource& source, const Reader& reader,
                                                      const std::string& cursor, int64_t limit,
                                                      rpc::Trail& trail) {
  if (reader.service) {
    if (const auto last = source.last.Find(cursor, limit)) return *last;
  }
  TJ_ASSIGN_OR_RETURN(const store::FeedPage page,
                      source.feed.Read(source.stream, cursor, reader.facility, limit));
  events::v1::PullFeedResponse response;
  response.set_next_cursor(page.next_cursor);
  response.set_more(page.more);
  size_t bytes = 0;
  for (const store::Event& event : page.events) {
    bytes += event.payload.size();
    if (bytes > kPageBytesMax && response.events_size() > 0) {
      response.set_next_cursor(response.events(response.events_size() - 1).cursor());
      response.set_more(true);
      break;
    }
    *response.add_events() = ToWire(event, source.feed.CursorAfter(event));
    if (!reader.service) trail.TouchObject(event.key);
  }
  if (reader.service) source.last.Keep(cursor, limit, response);
  return response;
}

}  // namespace tongjian::feed
