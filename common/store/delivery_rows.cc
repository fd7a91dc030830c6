#include "common/store/delivery_rows.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/driver_error.h"

namespace tongjian::store {
namespace {

// A handler's message, cut: it is shown to people.
constexpr size_t kErrorMax = 500;

constexpr char kColumns[] =
    "id, destination, kind, payload, state, attempts, last_error, created_at, next_at, finished_at";

Delivery ToDelivery(const Row& row) {
  Delivery delivery;
  delivery.id = row.Int(0);
  delivery.destination = row.Text(1);
  delivery.kind = row.Text(2);
  delivery.payload = row.Bytes(3);
  delivery.state = static_cast<DeliveryState>(row.Int(4));
  delivery.attempts = row.Int(5);
  delivery.last_error = row.Text(6);
  delivery.created = row.Time(7);
  delivery.next_attempt = row.Time(8);
  delivery.finished = row.OptionalTime(9).value_or(absl::InfiniteFuture());
  return delivery;
}

std::string ErrorText(const absl::Status& outcome) {
  std::string text =
      outcome.ok() ? "" : outcome.ToString(absl::StatusToStringMode::kWithNoExtraData);
  // What cannot be stored must not keep the outcome from being recorded.
  if (!IsStorableText(text)) return absl::StatusCodeToString(outcome.code());
  if (text.size() <= kErrorMax) return text;
  size_t end = kErrorMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;  // whole characters
  return text.substr(0, end);
}

absl::Status OneRow(const absl::StatusOr<int64_t>& changed) {
  TJ_TRY(changed.status());
  if (*changed == 1) return absl::OkStatus();
  return base::Error(absl::StatusCode::kAborted, "", "",
                     "the destination is served by another worker now");
}

absl::StatusOr<std::optional<Delivery>> FirstPending(Transaction& transaction,
                                                     const std::string& queue,
                                                     const std::string& destination) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      transaction.QueryOne(absl::StrCat("select ", kColumns,
                                        " from store_delivery where queue = :queue and state = 0 "
                                        "and destination = :destination order by id limit 1"),
                           queue, destination));
  if (!row) return std::nullopt;
  return ToDelivery(*row);
}

}  // namespace

absl::Status InsertDelivery(Transaction& transaction, const std::string& queue,
                            std::string_view destination, std::string_view kind,
                            std::string_view payload) {
  TJ_TRY(transaction
             .Execute("insert into store_delivery_lane (queue, destination, ready_at, "
                      "leased_until, fence) values (:queue, :destination, 0, 0, 0) "
                      "on conflict (queue, destination) do nothing",
                      queue, destination)
             .status());
  return transaction
      .Execute(
          "insert into store_delivery (queue, destination, kind, payload, state, attempts, "
          "last_error, created_at, next_at) values (:queue, :destination, :kind, :payload, "
          "0, 0, '', :now, :now)",
          queue, destination, kind, Bytes(payload), transaction.Now())
      .status();
}

absl::StatusOr<std::vector<std::string>> DueLanes(Session& session, const std::string& queue,
                                                  const LaneTimes& times, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      session.Query(
          "select l.destination from store_delivery_lane l where l.queue = :queue "
          "and (l.leased_until <= :now or l.leased_until > :lease_max) and (l.ready_at <= :now or "
          "l.ready_at > :ready_max) "
          "and exists (select 1 from store_delivery d where d.queue = l.queue and d.state = 0 "
          "and d.destination = l.destination) order by l.ready_at, l.destination limit :limit",
          queue, times.now, times.lease_max, times.ready_max, limit));
  std::vector<std::string> lanes;
  for (const Row& row : rows) lanes.push_back(row.Text(0));
  return lanes;
}

absl::StatusOr<std::optional<DeliveryLease>> LeaseLane(Transaction& transaction,
                                                       const std::string& queue,
                                                       const std::string& destination,
                                                       const LaneTimes& times, absl::Duration ttl) {
  TJ_ASSIGN_OR_RETURN(
      const int64_t leased,
      transaction.Execute("update store_delivery_lane set leased_until = :until, "
                          "fence = fence + 1 where queue = :queue and destination = :destination "
                          "and (leased_until <= :now or leased_until > :lease_max)",
                          times.now + ttl, queue, destination, times.now, times.lease_max));
  if (leased == 0) return std::nullopt;
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> lane,
      transaction.QueryOne("select fence from store_delivery_lane where queue = :queue "
                           "and destination = :destination",
                           queue, destination));
  TJ_ASSIGN_OR_RETURN(std::optional<Delivery> first, FirstPending(transaction, queue, destination));
  if (!lane || !first) return std::nullopt;
  return DeliveryLease{*std::move(first), lane->Int(0)};
}

absl::StatusOr<std::optional<DeliveryLease>> KeepLane(Transaction& transaction,
                                                      const std::string& queue,
                                                      const DeliveryLease& lease,
                                                      absl::Duration ttl) {
  TJ_ASSIGN_OR_RETURN(std::optional<Delivery> first,
                      FirstPending(transaction, queue, lease.delivery.destination));
  if (!first) return std::nullopt;
  TJ_TRY(RenewLane(transaction, queue, lease, ttl));
  return DeliveryLease{*std::move(first), lease.fence};
}

absl::Status RenewLane(Transaction& transaction, const std::string& queue,
                       const DeliveryLease& lease, absl::Duration ttl) {
  return OneRow(transaction.Execute(
      "update store_delivery_lane set leased_until = :until where queue = :queue "
      "and destination = :destination and fence = :fence",
      transaction.Now() + ttl, queue, lease.delivery.destination, lease.fence));
}

absl::Status FreeLane(Transaction& transaction, const std::string& queue,
                      const DeliveryLease& lease, absl::Time ready_at) {
  return OneRow(
      transaction.Execute("update store_delivery_lane set leased_until = 0, ready_at = :ready_at "
                          "where queue = :queue and destination = :destination and fence = :fence",
                          ready_at, queue, lease.delivery.destination, lease.fence));
}

absl::Status CloseDelivery(Transaction& transaction, const Delivery& delivery, DeliveryState state,
                           const absl::Status& outcome) {
  return OneRow(transaction.Execute(
      "update store_delivery set state = :state, attempts = attempts + 1, last_error = :error, "
      "finished_at = :now where id = :id and state = 0",
      state, ErrorText(outcome), transaction.Now(), delivery.id));
}

absl::Status PostponeDelivery(Transaction& transaction, const Delivery& delivery,
                              absl::Time next_at, const absl::Status& outcome) {
  return OneRow(
      transaction.Execute("update store_delivery set attempts = attempts + 1, last_error = :error, "
                          "next_at = :next_at where id = :id and state = 0",
                          ErrorText(outcome), next_at, delivery.id));
}

absl::Status ReopenDelivery(Transaction& transaction, const std::string& queue,
                            const Delivery& delivery) {
  TJ_TRY(OneRow(transaction.Execute(
      "update store_delivery set state = 0, attempts = 0, next_at = :now, finished_at = null "
      "where id = :id and state = :state",
      transaction.Now(), delivery.id, delivery.state)));
  return transaction
      .Execute(
          "update store_delivery_lane set ready_at = :now where queue = :queue "
          "and destination = :destination",
          transaction.Now(), queue, delivery.destination)
      .status();
}

absl::StatusOr<std::optional<Delivery>> FindDelivery(Session& session, const std::string& queue,
                                                     int64_t id) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<Row> row,
      session.QueryOne(absl::StrCat("select ", kColumns,
                                    " from store_delivery where id = :id and queue = :queue"),
                       id, queue));
  if (!row) return std::nullopt;
  return ToDelivery(*row);
}

absl::StatusOr<std::vector<Delivery>> ListDeliveries(Session& session, const std::string& queue,
                                                     DeliveryState state,
                                                     const std::optional<std::string>& destination,
                                                     int64_t after, int64_t limit) {
  const std::string select = absl::StrCat("select ", kColumns,
                                          " from store_delivery where queue = :queue "
                                          "and state = :state and id > :after ");
  const char* order = "order by id limit :limit";
  absl::StatusOr<std::vector<Row>> rows =
      destination ? session.Query(absl::StrCat(select, "and destination = :destination ", order),
                                  queue, state, after, *destination, limit)
                  : session.Query(absl::StrCat(select, order), queue, state, after, limit);
  TJ_TRY(rows.status());
  std::vector<Delivery> deliveries;
  for (const Row& row : *rows) deliveries.push_back(ToDelivery(row));
  return deliveries;
}

absl::StatusOr<std::vector<DeliveryStats>> CountDeliveries(Session& session,
                                                           const std::string& queue,
                                                           int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const std::vector<Row> rows,
      session.Query("select destination, state, count(*), min(created_at) from store_delivery "
                    "where queue = :queue and state in (0, 2) group by destination, state "
                    "order by destination, state limit :limit",
                    queue, 2 * limit));
  std::map<std::string, DeliveryStats> destinations;
  for (const Row& row : rows) {
    DeliveryStats& stats = destinations[row.Text(0)];
    if (stats.destination.empty()) {
      stats.destination = row.Text(0);
      stats.oldest_pending = absl::InfiniteFuture();
    }
    if (row.Int(1) == 0) {
      stats.pending = row.Int(2);
      stats.oldest_pending = row.Time(3);
    } else {
      stats.failed = row.Int(2);
    }
  }
  std::vector<DeliveryStats> result;
  for (auto& [destination, stats] : destinations) {
    if (static_cast<int64_t>(result.size()) < limit) result.push_back(std::move(stats));
  }
  return result;
}

}  // namespace tongjian::store
