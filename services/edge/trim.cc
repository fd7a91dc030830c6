#include "services/edge/trim.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/store/event.h"
#include "common/store/feed.h"
#include "services/edge/trail_store.h"

namespace tongjian::edge {
namespace {

constexpr int kPagesAtOnce = 20;

}  // namespace

absl::Status TrimStream(store::Database& database, std::string_view stream, absl::Time before) {
  for (int page = 0; page < kPagesAtOnce; ++page) {
    TJ_ASSIGN_OR_RETURN(const int64_t trimmed,
                        database.feed().Trim(stream, before, store::kFeedPageMax));
    if (trimmed < store::kFeedPageMax) break;
  }
  return absl::OkStatus();
}

absl::Status TrimTrail(store::Database& database, absl::Time before) {
  TrailKnown known;
  TJ_TRY(database.Read([&](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(known, ReadTrailKnown(session));
    return absl::OkStatus();
  }));
  // What goes is a prefix: it ends at the latest with the first record that the hub does not have.
  TJ_ASSIGN_OR_RETURN(const store::FeedBacklog waiting,
                      database.feed().Backlog(store::kAuditStream, known.cursor));
  return TrimStream(database, store::kAuditStream, std::min(before, waiting.oldest));
}

}  // namespace tongjian::edge
