#include "services/edge/trail_store.h"

#include "common/base/status.h"
#include "common/store/consumer.h"

namespace tongjian::edge {
namespace {

constexpr char kCursor[] = "hub.trail";
constexpr int64_t kPeriodMicros = int64_t{10} * 60 * 1'000'000;
constexpr int64_t kPeriodsKept = int64_t{6} * 24 * 400;  // A little more than a year.

absl::StatusOr<audit::v1::SignedHead> HeadIn(const store::Row& row, size_t column) {
  audit::v1::SignedHead head;
  if (!head.ParseFromString(row.Bytes(column))) return absl::DataLossError("a damaged trail head");
  return head;
}

absl::Status SaveHead(store::Transaction& tx, const audit::v1::SignedHead& head, absl::Time now) {
  const int64_t period = absl::ToUnixMicros(now) / kPeriodMicros;
  TJ_TRY(tx.Execute("insert into trail_head (period, sequence, head, received, told)"
                    " values (:period, :sequence, :head, :received, 0)"
                    " on conflict (period) do update set sequence = excluded.sequence,"
                    " head = excluded.head, received = excluded.received, told = 0"
                    " where trail_head.told = 0 and excluded.sequence > trail_head.sequence",
                    period, head.sequence(), store::Bytes(head.SerializeAsString()), now)
             .status());
  return tx.Execute("delete from trail_head where period < :oldest", period - kPeriodsKept).status();
}

}  // namespace

absl::StatusOr<TrailKnown> ReadTrailKnown(store::Session& session) {
  TrailKnown known;
  TJ_ASSIGN_OR_RETURN(known.cursor, store::LoadCursor(session, kCursor));
  TJ_ASSIGN_OR_RETURN(const auto position,
                      session.QueryOne("select sequence, hash from trail_position where id = 1"));
  if (position) {
    known.position.emplace().set_sequence(position->Int(0));
    known.position->set_hash(position->Text(1));
  }
  TJ_ASSIGN_OR_RETURN(
      const auto head,
      session.QueryOne("select head from trail_head where told = 0 order by sequence desc limit 1"));
  if (head) {
    TJ_ASSIGN_OR_RETURN(known.head, HeadIn(*head, 0));
  }
  return known;
}

absl::Status SaveTrailAnswer(store::Transaction& tx, const std::string& cursor,
                             const audit::v1::AppendRecordsResponse& answer, absl::Time now) {
  TJ_TRY(store::SaveCursor(tx, kCursor, answer.rewound() ? "" : cursor));
  if (answer.rewound()) {
    TJ_TRY(tx.Execute("update trail_head set told = 1 where told = 0").status());
  }
  TJ_TRY(tx.Execute("insert into trail_position (id, sequence, hash) values (1, :sequence, :hash)"
                    " on conflict (id) do update set sequence = excluded.sequence,"
                    " hash = excluded.hash",
                    answer.position().sequence(), answer.position().hash())
             .status());
  return answer.has_head() ? SaveHead(tx, answer.head(), now) : absl::OkStatus();
}

absl::Status ForgetTrailCursor(store::Transaction& tx) { return store::SaveCursor(tx, kCursor, ""); }

absl::StatusOr<std::vector<KeptHead>> ListTrailHeads(store::Session& session, int64_t before,
                                                     int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select period, head from trail_head where period < :before"
                                    " order by period desc limit :n",
                                    before == 0 ? INT64_MAX : before, limit));
  std::vector<KeptHead> heads;
  for (const store::Row& row : rows) {
    KeptHead kept{.period = row.Int(0)};
    TJ_ASSIGN_OR_RETURN(kept.head, HeadIn(row, 1));
    heads.push_back(std::move(kept));
  }
  return heads;
}

}  // namespace tongjian::edge
