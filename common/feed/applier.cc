#include "common/feed/applier.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/store/database.h"
#include "common/store/repeatable.h"
#include "common/telemetry/log.h"

namespace tongjian::feed {
namespace {

using events::v1::Event;
using events::v1::PullFeedResponse;

constexpr int64_t kKeysPerRound = 64;
constexpr int64_t kEventsPerKey = 1000;
// A page's events share transactions of about this long: behind a longer one the callers of the
// service that follows would wait.
constexpr absl::Duration kAtOnce = absl::Milliseconds(5);

// Worth the same again without a change on our side: nothing is parked, the feed waits.
bool IsPassing(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

bool IsReferenceUnknown(const absl::Status& status) {
  return base::DetailOf(status).reason == "REFERENCE_UNKNOWN";
}

std::string CursorName(const FollowerOptions& options) {
  return options.purpose.empty() ? options.feed : absl::StrCat(options.feed, "/", options.purpose);
}

telemetry::Labels LabelsOf(const FollowerOptions& options, const store::Database& database) {
  return {{"feed", options.feed}, {"follower", database.name()}, {"purpose", options.purpose}};
}

telemetry::Labels With(telemetry::Labels labels, const char* result) {
  labels.emplace_back("result", result);
  return labels;
}

}  // namespace

Applier::Applier(const FollowerOptions& options, store::Database& database,
                 telemetry::Registry& metrics, Follower::Handler handler, Follower::Applied applied)
    : name_(CursorName(options)),
      database_(database),
      handler_(std::move(handler)),
      applied_(std::move(applied)),
      done_(metrics.GetCounter("tongjian_feed_events_total", "Events followed",
                               With(LabelsOf(options, database), "applied"))),
      parked_total_(metrics.GetCounter("tongjian_feed_events_total", "Events followed",
                                       With(LabelsOf(options, database), "parked"))),
      parked_(metrics.GetGauge("tongjian_feed_parked", "Events that wait for what they refer to",
                               LabelsOf(options, database))) {}

absl::StatusOr<std::string> Applier::Cursor() {
  if (cursor_known_) return cursor_;
  TJ_TRY(database_.Read([this](store::Session& session) -> absl::Status {
    TJ_ASSIGN_OR_RETURN(cursor_, store::LoadCursor(session, name_));
    return absl::OkStatus();
  }));
  cursor_known_ = true;
  return cursor_;
}

absl::Status Applier::StartAnew(const std::function<absl::Status(store::Transaction&)>& also) {
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    if (also != nullptr) TJ_TRY(also(tx));
    return store::SaveCursor(tx, name_, "");
  }));
  cursor_.clear();
  cursor_known_ = true;
  return absl::OkStatus();
}

// From where this follower believes to be, so that two on one cursor cannot both apply an event.
absl::Status Applier::CheckCursor(store::Transaction& tx) {
  TJ_ASSIGN_OR_RETURN(const std::string current, store::LoadCursor(tx, name_));
  return current == cursor_ ? absl::OkStatus()
                            : absl::AbortedError("another follower has moved this cursor");
}

absl::Status Applier::MoveCursor(store::Transaction& tx, const std::string& cursor) {
  TJ_TRY(CheckCursor(tx));
  return store::SaveCursor(tx, name_, cursor);
}

// The events come again if it is lost, so it need not be synced where nobody is told of it.
absl::Status Applier::Change(const std::function<absl::Status(store::Transaction&)>& change) {
  const auto watched = [&](store::Transaction& tx) -> absl::Status {
    absl::Status status = change(tx);
    quiet_ = status.ok() && !store::Announces(tx);
    return status;
  };
  absl::Status status =
      quiet_ ? store::WriteRepeatable(database_, watched) : database_.Write(watched);
  if (!status.ok()) cursor_known_ = none_parked_ = false;
  return status;
}

absl::Status Applier::ApplyOne(store::Transaction& tx, const Event& event) {
  if (!none_parked_) {
    TJ_ASSIGN_OR_RETURN(const bool waits, store::HasParked(tx, name_, event.key()));
    if (waits) return ReferenceUnknown("an earlier event of this key");
  }
  return handler_(tx, event);
}

absl::StatusOr<int> Applier::Apply(const PullFeedResponse& page) {
  if (page.events_size() == 0) {
    // Moves over what was not addressed to us; durable with the next event at the latest.
    if (page.next_cursor() == cursor_) return 0;
    TJ_TRY(Change([&](store::Transaction& tx) { return MoveCursor(tx, page.next_cursor()); }));
    cursor_ = page.next_cursor();
    return 0;
  }
  int applied = 0;
  while (applied < page.events_size()) {
    const absl::StatusOr<int> next = ApplySome(page, applied);
    if (!next.ok() && IsPassing(next.status())) return next;
    if (!next.ok()) {
      TJ_ASSIGN_OR_RETURN(const int alone, ApplyOneByOne(page, applied));
      return applied + alone;
    }
    applied = *next;
  }
  return applied;
}

absl::StatusOr<int> Applier::ApplySome(const PullFeedResponse& page, int first) {
  const base::Clock& clock = database_.clock();
  int next = first;
  std::string cursor;
  TJ_TRY(Change([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(CheckCursor(tx));
    const absl::Duration began = clock.Elapsed();
    for (next = first; next < page.events_size();) {
      TJ_TRY(ApplyOne(tx, page.events(next++)));
      if (clock.Elapsed() - began >= kAtOnce) break;
    }
    cursor = next == page.events_size() ? page.next_cursor() : page.events(next - 1).cursor();
    return store::SaveCursor(tx, name_, cursor);
  }));
  cursor_ = cursor;
  for (int i = first; i < next; ++i) Tell(page.events(i));
  return next;
}

absl::StatusOr<int> Applier::ApplyOneByOne(const PullFeedResponse& page, int first) {
  int applied = 0;
  for (int i = first; i < page.events_size(); ++i) {
    const Event& event = page.events(i);
    const absl::Status status = Change([&](store::Transaction& tx) -> absl::Status {
      TJ_TRY(MoveCursor(tx, event.cursor()));
      return ApplyOne(tx, event);
    });
    if (IsPassing(status)) return status;
    if (status.ok()) {
      ++applied;
    } else {
      TJ_TRY(ParkOne(event, status));
    }
    cursor_ = event.cursor();
    if (status.ok()) Tell(event);
  }
  return applied;
}

absl::Status Applier::ParkOne(const Event& event, const absl::Status& why) {
  if (!IsReferenceUnknown(why)) {
    telemetry::Log(
        telemetry::Level::kError, "feed_event_not_understood",
        {{"feed", name_}, {"type", TypeOf(event)}, {"key", event.key()}, {"status", why}});
  }
  none_parked_ = false;
  TJ_TRY(Change([&](store::Transaction& tx) -> absl::Status {
    TJ_TRY(MoveCursor(tx, event.cursor()));
    return store::Park(tx, name_, event.key(), FromWire(event));
  }));
  parked_total_.Add();
  return absl::OkStatus();
}

absl::StatusOr<int> Applier::RetryParked() {
  if (none_parked_) return 0;
  std::vector<std::string> keys;
  const auto read = [&](const std::string& after) {
    return database_.Read([&](store::Session& session) -> absl::Status {
      TJ_ASSIGN_OR_RETURN(keys, store::ParkedReferences(session, name_, after, kKeysPerRound));
      return absl::OkStatus();
    });
  };
  TJ_TRY(read(retried_last_));
  if (keys.empty() && !retried_last_.empty()) TJ_TRY(read(""));
  int applied = 0;
  for (const std::string& key : keys) {
    TJ_ASSIGN_OR_RETURN(const int of_key, RetryKey(key));
    applied += of_key;
  }
  retried_last_ = static_cast<int64_t>(keys.size()) < kKeysPerRound ? "" : keys.back();
  CountParked();
  return applied;
}

// Takes the key's events in order and applies the first `count_max` of them; the rest is parked
// again. Undone as a whole when one fails: `failed_at` is its place.
absl::StatusOr<Applier::Events> Applier::TakeAndApply(const std::string& key, size_t count_max,
                                                      size_t* failed_at) {
  Events applied;
  TJ_TRY(database_.Write([&](store::Transaction& tx) -> absl::Status {
    applied.clear();
    *failed_at = 0;
    TJ_ASSIGN_OR_RETURN(const std::vector<store::Event> taken,
                        store::TakeParked(tx, name_, key, kEventsPerKey));
    for (const store::Event& stored : taken) {
      if (applied.size() >= count_max) {
        TJ_TRY(store::Park(tx, name_, key, stored));
        continue;
      }
      const Event event = ToWire(stored, "");
      TJ_TRY(handler_(tx, event));
      ++*failed_at;
      applied.push_back(event);
    }
    return absl::OkStatus();
  }));
  return applied;
}

absl::StatusOr<int> Applier::RetryKey(const std::string& key) {
  size_t failed_at = 0;
  absl::StatusOr<Events> applied = TakeAndApply(key, kEventsPerKey, &failed_at);
  if (!applied.ok() && failed_at > 0) applied = TakeAndApply(key, failed_at, &failed_at);
  if (!applied.ok()) {
    if (IsPassing(applied.status())) return applied.status();
    return 0;  // It waits on; why was logged when it was parked.
  }
  for (const Event& event : *applied) Tell(event);
  return static_cast<int>(applied->size());
}

void Applier::Tell(const Event& event) {
  done_.Add();
  if (applied_ != nullptr) applied_(event);
}

void Applier::CountParked() {
  database_
      .Read([this](store::Session& session) -> absl::Status {
        TJ_ASSIGN_OR_RETURN(const store::ParkedStats stats, store::CountParked(session, name_));
        parked_.Set(static_cast<double>(stats.count));
        none_parked_ = stats.count == 0;
        return absl::OkStatus();
      })
      .IgnoreError();  // A number for a dashboard; the next read of the cursor meets the same
                       // trouble and reports it.
}

}  // namespace tongjian::feed
