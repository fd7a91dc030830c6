#include "common/store/feed.h"

#include <utility>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/store/cursor.h"
#include "common/store/database.h"
#include "common/store/feed_heads.h"
#include "common/store/outbox.h"

namespace tongjian::store {
namespace {

struct StreamState {
  std::string epoch;
  int64_t last = 0;
  int64_t trimmed = 0;
};

absl::StatusOr<StreamState> LoadState(Session& session, std::string_view stream) {
  TJ_ASSIGN_OR_RETURN(const std::optional<Row> row,
                      session.QueryOne("select e.epoch, s.last_position, s.trimmed_position "
                                       "from store_feed_epoch e left join store_feed_stream s "
                                       "on s.stream = :stream where e.id = 1",
                                       stream));
  TJ_CHECK(row.has_value());  // Written when the database was opened.
  return StreamState{row->Text(0), row->Int(1), row->Int(2)};
}

absl::Status Foreign() {
  return base::Error(absl::StatusCode::kOutOfRange, "CURSOR_FOREIGN", "cursor",
                     "the cursor is of another epoch or stream: start again");
}

// The position to read after.
absl::StatusOr<int64_t> Start(const StreamState& state, std::string_view stream,
                              std::string_view text) {
  if (text.empty()) return state.trimmed;
  const std::optional<Cursor> cursor = DecodeCursor(text);
  if (!cursor) return base::InvalidField("cursor", "not a cursor");
  if (cursor->epoch != state.epoch || cursor->stream != stream || cursor->position > state.last) {
    return Foreign();
  }
  if (cursor->position < state.trimmed) {
    return base::Error(absl::StatusCode::kOutOfRange, "CURSOR_EXPIRED", "cursor",
                       "events after the cursor are no longer kept: read the current state, then "
                       "start again");
  }
  return cursor->position;
}

constexpr char kAll[] =
    "select position, type, key, audiences, payload, occurred_at from store_feed_event "
    "where stream = :stream and position > :after order by position limit :limit";

// Two ranges of one index, then the events themselves: the cost is that of the page.
constexpr char kAddressed[] = R"(
select e.position, e.type, e.key, e.audiences, e.payload, e.occurred_at
from (
  select position from (
    select position from store_feed_audience
    where stream = :stream and facility = :facility and position > :after
    order by position limit :limit) own
  union all
  select position from (
    select position from store_feed_audience
    where stream = :stream and facility = '*' and position > :after
    order by position limit :limit) everybody
) a
join store_feed_event e on e.stream = :stream and e.position = a.position
order by e.position limit :limit)";

Event ToEvent(const Row& row, std::string_view stream) {
  Event event;
  event.stream = stream;
  event.position = row.Int(0);
  event.type = row.Text(1);
  event.key = row.Text(2);
  event.audiences = SplitAudiences(row.Text(3));
  event.payload = row.Bytes(4);
  event.time = row.Time(5);
  return event;
}

absl::StatusOr<FeedPage> ReadPage(Session& session, std::string_view stream,
                                  std::string_view cursor,
                                  const std::optional<std::string>& facility, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const StreamState state, LoadState(session, stream));
  TJ_ASSIGN_OR_RETURN(const int64_t after, Start(state, stream, cursor));
  absl::StatusOr<std::vector<Row>> rows =
      facility ? session.Query(kAddressed, stream, *facility, after, limit + 1)
               : session.Query(kAll, stream, after, limit + 1);
  TJ_TRY(rows.status());
  FeedPage page;
  page.more = static_cast<int64_t>(rows->size()) > limit;
  if (page.more) rows->pop_back();
  for (const Row& row : *rows) page.events.push_back(ToEvent(row, stream));
  // A reader to whom nothing was sent moves on with the stream all the same: its cursor must not
  // expire.
  const int64_t next = page.more ? page.events.back().position : state.last;
  page.next_cursor = EncodeCursor({state.epoch, std::string(stream), next});
  return page;
}

// Events that may go: a prefix of the stream, however the clock was set meanwhile.
absl::StatusOr<int64_t> TrimPrefix(Transaction& transaction, std::string_view stream,
                                   absl::Time before, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const StreamState state, LoadState(transaction, stream));
  TJ_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      transaction.Query(
          "select position, audiences, recorded_at from store_feed_event "
          "where stream = :stream and position > :after order by position limit :limit",
          stream, state.trimmed, limit));
  int64_t trimmed = state.trimmed;
  int64_t count = 0;
  for (const Row& row : rows) {
    if (row.Time(2) >= before) break;
    trimmed = row.Int(0);
    ++count;
    for (const std::string& facility : SplitAudiences(row.Text(1))) {
      TJ_TRY(transaction
                 .Execute("delete from store_feed_audience where stream = :stream "
                          "and facility = :facility and position = :position",
                          stream, facility, trimmed)
                 .status());
    }
  }
  if (count == 0) return 0;
  TJ_TRY(transaction
             .Execute("delete from store_feed_event where stream = :stream and "
                      "position <= :trimmed",
                      stream, trimmed)
             .status());
  TJ_TRY(transaction
             .Execute("update store_feed_stream set trimmed_position = :trimmed "
                      "where stream = :stream",
                      trimmed, stream)
             .status());
  return count;
}

}  // namespace

Feed::Feed(Database& database, FeedHeads& heads) : database_(database), heads_(heads) {}
Feed::~Feed() = default;

absl::StatusOr<FeedPage> Feed::Read(std::string_view stream, std::string_view cursor,
                                    const std::optional<std::string>& facility, int64_t limit) {
  if (limit < 1 || limit > kFeedPageMax) {
    return base::InvalidField("limit", "a page has 1 to 1000 events");
  }
  absl::StatusOr<FeedPage> page;
  TJ_TRY(database_.Read([&](Session& session) {
    page = ReadPage(session, stream, cursor, facility, limit);
    return page.status();
  }));
  return page;
}

absl::StatusOr<FeedBacklog> Feed::Backlog(std::string_view stream, std::string_view cursor) {
  FeedBacklog backlog;
  TJ_TRY(database_.Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const StreamState state, LoadState(session, stream));
    const absl::StatusOr<int64_t> start = Start(state, stream, cursor);
    const int64_t after = start.ok() ? *start : state.trimmed;
    TJ_ASSIGN_OR_RETURN(const std::optional<Row> count,
                        session.QueryOne("select count(*) from (select position from "
                                         "store_feed_event where stream = :stream and "
                                         "position > :after limit :limit) some",
                                         stream, after, kFeedBacklogMax));
    TJ_ASSIGN_OR_RETURN(const std::optional<Row> first,
                        session.QueryOne("select recorded_at from store_feed_event where "
                                         "stream = :stream and position > :after "
                                         "order by position limit 1",
                                         stream, after));
    backlog.events = count ? count->Int(0) : 0;
    backlog.oldest = first ? first->Time(0) : absl::InfiniteFuture();
    return absl::OkStatus();
  }));
  return backlog;
}

absl::StatusOr<std::string> Feed::Head(std::string_view stream) {
  std::string cursor;
  TJ_TRY(database_.Read([&](Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(const StreamState state, LoadState(session, stream));
    cursor = EncodeCursor({state.epoch, std::string(stream), state.last});
    return absl::OkStatus();
  }));
  return cursor;
}

std::string Feed::CursorAfter(const Event& event) const {
  return EncodeCursor({heads_.epoch(), event.stream, event.position});
}

bool Feed::Wait(std::string_view stream, std::string_view cursor, absl::Duration timeout) {
  if (cursor.empty()) return heads_.Wait(stream, 0, timeout);
  const std::optional<Cursor> decoded = DecodeCursor(cursor);
  if (!decoded || decoded->epoch != heads_.epoch() || decoded->stream != stream) return true;
  return heads_.Wait(stream, decoded->position, timeout);
}

Feed::Subscription Feed::Subscribe(std::string_view stream, std::function<void()> notice) {
  return heads_.Subscribe(stream, std::move(notice));
}

void Feed::Close() { heads_.Close(); }

absl::StatusOr<int64_t> Feed::Trim(std::string_view stream, absl::Time before, int64_t limit) {
  if (limit < 1 || limit > kFeedPageMax) {
    return base::InvalidField("limit", "1 to 1000 events are trimmed at a time");
  }
  int64_t count = 0;
  TJ_TRY(database_.Write([&](Transaction& transaction) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(count, TrimPrefix(transaction, stream, before, limit));
    return absl::OkStatus();
  }));
  return count;
}

}  // namespace tongjian::store
