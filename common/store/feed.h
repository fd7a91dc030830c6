// Reading what a database has announced.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/event.h"

namespace tongjian::store {

class Database;
class FeedHeads;

// Events read from one page size at a time.
inline constexpr int64_t kFeedPageMax = 1000;

struct FeedPage {
  std::vector<Event> events;
  // Where to go on: after the last event of the page, or at the head of the stream when nothing
  // more is there for this reader.
  std::string next_cursor;
  bool more = false;
};

// What a reader has before it.
struct FeedBacklog {
  int64_t events = 0;  // At most kFeedBacklogMax are counted.
  absl::Time oldest;   // When the first was recorded; InfiniteFuture when there is none.
};
inline constexpr int64_t kFeedBacklogMax = 1'000'000;

// The named streams of one database. Positions of a stream rise with commits, without a reader ever
// passing an event that appears later. A cursor is opaque text with the feed's epoch, the stream
// and a position; the empty cursor is the oldest kept event. Errors: OUT_OF_RANGE with reason
// CURSOR_EXPIRED when events after the cursor have been trimmed, with reason CURSOR_FOREIGN when it
// is of another epoch or stream; INVALID_ARGUMENT when it is no cursor. Safe for concurrent use.
class Feed {
 public:
  // Events after `cursor`, oldest first, at most `limit` (1 to kFeedPageMax). With a facility only
  // those addressed to it or to everybody, at a cost that depends on the page and not on what
  // others were sent.
  absl::StatusOr<FeedPage> Read(std::string_view stream, std::string_view cursor,
                                const std::optional<std::string>& facility, int64_t limit);

  // How much of `stream` is after `cursor`; all that is kept when Read would refuse the cursor.
  absl::StatusOr<FeedBacklog> Backlog(std::string_view stream, std::string_view cursor);

  // The cursor behind the newest event: a reader that starts here sees only what comes.
  absl::StatusOr<std::string> Head(std::string_view stream);

  // The cursor behind `event`, which was read from this feed.
  std::string CursorAfter(const Event& event) const;

  // Blocks until the stream has an event after `cursor` (true), or until `timeout` (real time) or
  // Close (false). Also true for a cursor that Read would refuse. It does not know audiences.
  bool Wait(std::string_view stream, std::string_view cursor, absl::Duration timeout);

  // Calls `notice` after every commit that adds to `stream`, until the returned handle is
  // destroyed; the destructor waits for a running call. It runs on a thread of the store: it must
  // be quick and must not block, write or read.
  using Subscription = std::shared_ptr<void>;
  Subscription Subscribe(std::string_view stream, std::function<void()> notice);

  // Ends all waits, now and later: before the servers that wait are stopped.
  void Close();

  // Removes the oldest events of `stream` that were recorded before `before`, at most `limit`;
  // returns how many. Older cursors expire. Call again while it returns `limit`.
  absl::StatusOr<int64_t> Trim(std::string_view stream, absl::Time before, int64_t limit);

  Feed(Database& database, FeedHeads& heads);
  ~Feed();

 private:
  Database& database_;
  FeedHeads& heads_;
};

}  // namespace tongjian::store
