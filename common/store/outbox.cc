#include "common/store/outbox.h"

#include <algorithm>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/status.h"
#include "common/store/value.h"

namespace tongjian::store {
namespace {

constexpr char kInsert[] =
    "insert into store_feed_event "
    "(stream, position, type, key, audiences, payload, occurred_at, recorded_at) values "
    "(:stream, :position, :type, :key, :audiences, :payload, :occurred_at, :recorded_at)";

absl::Status InsertRow(Session& session, const Event& event, std::optional<int64_t> position,
                       const std::string& audiences, absl::Time now) {
  return session
      .Execute(kInsert, event.stream, position, event.type, event.key, audiences,
               Bytes(event.payload), event.time, now)
      .status();
}

}  // namespace

absl::StatusOr<std::string> JoinAudiences(std::vector<std::string> audiences) {
  for (const std::string& audience : audiences) {
    if (audience.empty() || audience.find(' ') != std::string::npos) {
      return base::InvalidField("audiences", "an audience is empty or contains a space");
    }
    if (audience == kEverybody) return std::string(kEverybody);
  }
  std::sort(audiences.begin(), audiences.end());
  audiences.erase(std::unique(audiences.begin(), audiences.end()), audiences.end());
  return absl::StrJoin(audiences, " ");
}

std::vector<std::string> SplitAudiences(const std::string& joined) {
  return absl::StrSplit(joined, ' ', absl::SkipEmpty());
}

absl::Status InsertUnsequenced(Transaction& transaction) {
  for (const Event& event : transaction.events()) {
    TJ_ASSIGN_OR_RETURN(const std::string audiences, JoinAudiences(event.audiences));
    TJ_TRY(InsertRow(transaction, event, std::nullopt, audiences, transaction.Now()));
  }
  return absl::OkStatus();
}

absl::Status BatchPositions::Insert(Transaction& transaction) {
  for (const Event& event : transaction.events()) TJ_TRY(InsertOne(event, transaction.Now()));
  return absl::OkStatus();
}

absl::Status BatchPositions::InsertOne(const Event& event, absl::Time now) {
  TJ_ASSIGN_OR_RETURN(const std::string audiences, JoinAudiences(event.audiences));
  TJ_ASSIGN_OR_RETURN(const int64_t position, Next(event.stream));
  TJ_TRY(InsertRow(session_, event, position, audiences, now));
  for (const std::string& facility : SplitAudiences(audiences)) {
    TJ_TRY(session_
               .Execute("insert into store_feed_audience (stream, facility, position) "
                        "values (:stream, :facility, :position)",
                        event.stream, facility, position)
               .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> BatchPositions::Next(const std::string& stream) {
  auto found = heads_.find(stream);
  if (found == heads_.end()) {
    TJ_ASSIGN_OR_RETURN(
        const std::optional<Row> row,
        session_.QueryOne("select last_position from store_feed_stream where stream = :stream",
                          stream));
    found = heads_.emplace(stream, row ? row->Int(0) : 0).first;
  }
  return ++found->second;
}

absl::Status BatchPositions::Store() {
  for (const auto& [stream, position] : heads_) {
    TJ_TRY(session_
               .Execute("insert into store_feed_stream (stream, last_position, trimmed_position) "
                        "values (:stream, :position, 0) on conflict (stream) do update "
                        "set last_position = excluded.last_position",
                        stream, position)
               .status());
  }
  return absl::OkStatus();
}

}  // namespace tongjian::store
