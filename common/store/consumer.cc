#include "common/store/consumer.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/outbox.h"

namespace tongjian::store {
namespace {

// The row of `feed`, made when it is missing.
absl::Status EnsureConsumer(Transaction& transaction, std::string_view feed) {
  return transaction
      .Execute(
          "insert into store_consumer (feed, cursor, parked, updated_at) "
          "values (:feed, '', 0, :now) on conflict (feed) do nothing",
          feed, transaction.Now())
      .status();
}

Event ToEvent(const Row& row) {
  Event event;
  event.stream = row.Text(1);
  event.position = row.Int(2);
  event.type = row.Text(3);
  event.key = row.Text(4);
  event.audiences = SplitAudiences(row.Text(5));
  event.payload = row.Bytes(6);
  event.time = row.Time(7);
  return event;
}

}  // namespace

absl::StatusOr<std::string> LoadCursor(Session& session, std::string_view feed) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      session.QueryOne("select cursor from store_consumer where feed = :feed", feed));
  return row ? row->Text(0) : std::string();
}

absl::Status SaveCursor(Transaction& transaction, std::string_view feed, std::string_view cursor) {
  return transaction
      .Execute(
          "insert into store_consumer (feed, cursor, parked, updated_at) "
          "values (:feed, :cursor, 0, :now) on conflict (feed) do update "
          "set cursor = excluded.cursor, updated_at = excluded.updated_at",
          feed, cursor, transaction.Now())
      .status();
}

absl::Status Park(Transaction& transaction, std::string_view feed, std::string_view reference,
                  const Event& event) {
  TJ_TRY(EnsureConsumer(transaction, feed));
  TJ_ASSIGN_OR_RETURN(const int64_t room,
                      transaction.Execute("update store_consumer set parked = parked + 1 "
                                          "where feed = :feed and parked < :max",
                                          feed, kParkedMax));
  if (room == 0) {
    return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                       absl::StrCat("more than ", kParkedMax, " events of a feed are parked"));
  }
  TJ_ASSIGN_OR_RETURN(const std::string audiences, JoinAudiences(event.audiences));
  return transaction
      .Execute(
          "insert into store_parked (feed, reference, stream, position, type, key, "
          "audiences, payload, occurred_at, parked_at) values (:feed, :reference, :stream, "
          ":position, :type, :key, :audiences, :payload, :occurred_at, :parked_at)",
          feed, reference, event.stream, event.position, event.type, event.key, audiences,
          Bytes(event.payload), event.time, transaction.Now())
      .status();
}

absl::StatusOr<std::vector<Event>> TakeParked(Transaction& transaction, std::string_view feed,
                                              std::string_view reference, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      transaction.Query("select id, stream, position, type, key, audiences, payload, occurred_at "
                        "from store_parked where feed = :feed and reference = :reference "
                        "order by id limit :limit",
                        feed, reference, limit));
  std::vector<Event> events;
  for (const Row& row : rows) {
    events.push_back(ToEvent(row));
    TJ_TRY(transaction.Execute("delete from store_parked where id = :id", row.Int(0)).status());
  }
  if (events.empty()) return events;
  TJ_TRY(transaction
             .Execute("update store_consumer set parked = parked - :taken where feed = :feed",
                      static_cast<int64_t>(events.size()), feed)
             .status());
  return events;
}

absl::StatusOr<bool> HasParked(Session& session, std::string_view feed,
                               std::string_view reference) {
  TJ_ASSIGN_OR_RETURN(const std::optional<Row> row,
                      session.QueryOne("select 1 from store_parked where feed = :feed and "
                                       "reference = :reference limit 1",
                                       feed, reference));
  return row.has_value();
}

absl::StatusOr<std::vector<std::string>> ParkedReferences(Session& session, std::string_view feed,
                                                          std::string_view after, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      session.Query("select distinct reference from store_parked where feed = :feed and "
                    "reference > :after order by reference limit :limit",
                    feed, after, limit));
  std::vector<std::string> references;
  for (const Row& row : rows) references.push_back(row.Text(0));
  return references;
}

absl::StatusOr<ParkedStats> CountParked(Session& session, std::string_view feed) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      session.QueryOne("select c.parked, (select min(p.parked_at) from store_parked p "
                       "where p.feed = c.feed) from store_consumer c where c.feed = :feed",
                       feed));
  ParkedStats stats;
  stats.oldest = absl::InfiniteFuture();
  if (!row) return stats;
  stats.count = row->Int(0);
  if (!row->IsNull(1)) stats.oldest = row->Time(1);
  return stats;
}

}  // namespace tongjian::store
