#include "services/edge/result_store.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::edge {
namespace {

using exchange::v1::Result;

Result ResultOf(const store::Row& row) {
  Result result;
  result.ParseFromString(row.Bytes(0));
  return result;
}

std::vector<Result> ResultsOf(const std::vector<store::Row>& rows) {
  std::vector<Result> results;
  results.reserve(rows.size());
  for (const store::Row& row : rows) results.push_back(ResultOf(row));
  return results;
}

// How many versions both have alike from the first on.
int SameVersions(const Result& one, const Result& other) {
  int same = 0;
  while (same < one.versions_size() && same < other.versions_size() &&
         one.versions(same).SerializeAsString() == other.versions(same).SerializeAsString()) {
    ++same;
  }
  return same;
}

absl::Status Write(store::Transaction& tx, const Result& result, int64_t dropped) {
  TJ_TRY(tx.Execute("insert into clinic_result (id, patient_id, version, updated, dropped, record) "
                    "values (:id, :patient, :version, :updated, :dropped, :record) on conflict "
                    "(id) do update set patient_id = excluded.patient_id, version = "
                    "excluded.version, updated = excluded.updated, dropped = excluded.dropped, "
                    "record = excluded.record",
                    result.id(), result.patient().patient_id(), result.version(),
                    rpc::FromProto(result.update_time()), dropped,
                    store::Bytes(result.SerializeAsString()))
             .status());
  TJ_TRY(tx.Execute("delete from clinic_result_order where result_id = :id", result.id()).status());
  for (const std::string& order_id : result.order_ids()) {
    TJ_TRY(tx.Execute("insert into clinic_result_order (order_id, result_id) values (:o, :r) on "
                      "conflict (order_id, result_id) do nothing",
                      order_id, result.id())
               .status());
  }
  return absl::OkStatus();
}

void Announce(store::Transaction& tx, const std::string& facility_id, const Result& result) {
  events::v1::ResultChanged changed;
  *changed.mutable_result() = result;
  tx.Emit(feed::MakeEvent(kResultStream, result.id(), {facility_id}, changed));
}

// Of no patient and no order, and updated at -1, as no whole result is.
absl::StatusOr<bool> Withhold(store::Transaction& tx, const std::string& facility_id,
                              const std::string& id, int64_t dropped) {
  const Result withheld = WithheldResult(id);
  TJ_TRY(tx.Execute("update clinic_result set patient_id = '', version = 0, updated = -1, dropped = "
                    ":dropped, record = :record where id = :id",
                    dropped, store::Bytes(withheld.SerializeAsString()), id)
             .status());
  TJ_TRY(tx.Execute("delete from clinic_result_order where result_id = :id", id).status());
  Announce(tx, facility_id, withheld);
  return true;
}

}  // namespace

Result WithheldResult(const std::string& id) {
  Result withheld;
  withheld.set_id(id);
  return withheld;
}

bool IsWithheld(const Result& result) {
  return result.state() == exchange::v1::RESULT_STATE_UNSPECIFIED && result.version() == 0 &&
         result.versions().empty();
}

absl::StatusOr<bool> ApplyResult(store::Transaction& tx, const std::string& facility_id,
                                 const Result& result) {
  TJ_ASSIGN_OR_RETURN(
      const auto known,
      tx.QueryOne("select record, version, dropped from clinic_result where id = :id", result.id()));
  int64_t dropped = 0;
  if (IsWithheld(result)) {
    if (!known || IsWithheld(ResultOf(*known))) return false;
    return Withhold(tx, facility_id, result.id(), known->Int(2));
  }
  if (known) {
    if (known->Int(1) >= result.version()) return false;
    const Result before = ResultOf(*known);
    dropped = known->Int(2);
    if (known->Int(1) == 0) {  // Forgotten: the hub may give numbers anew.
      const int same = SameVersions(before, result);
      dropped = same == 0 ? 0 : std::min<int64_t>(dropped, result.versions(same - 1).number());
    }
    const bool news = before.SerializeAsString() != result.SerializeAsString();
    TJ_TRY(Write(tx, result, dropped));
    if (!news) return false;  // Seen before a restore of the hub.
  } else {
    TJ_TRY(Write(tx, result, dropped));
  }
  Announce(tx, facility_id, result);
  return true;
}

absl::Status ForgetResultVersions(store::Transaction& tx) {
  return tx.Execute("update clinic_result set version = 0").status();
}

absl::StatusOr<std::optional<Result>> FindResult(store::Session& session, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select record from clinic_result where id = :id and "
                                       "updated >= 0",
                                       id));
  return row ? std::optional(ResultOf(*row)) : std::nullopt;
}

absl::StatusOr<bool> WithheldHere(store::Session& session, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select 1 from clinic_result where id = :id and updated = -1",
                                       id));
  return row.has_value();
}

absl::StatusOr<std::vector<Result>> ListOfPatient(store::Session& session,
                                                  const std::string& patient_id,
                                                  const ResultPosition& after, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select record from clinic_result where patient_id = :patient "
                                    "and updated >= 0 and (updated, id) < (:updated, :id) order by updated desc, id "
                                    "desc limit :limit",
                                    patient_id, after.updated, after.id, limit));
  return ResultsOf(rows);
}

absl::StatusOr<std::vector<Result>> ListOfOrder(store::Session& session,
                                                const std::string& order_id,
                                                const ResultPosition& after, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select r.record from clinic_result_order o join clinic_result r on r.id = "
                    "o.result_id where o.order_id = :order and (r.updated, r.id) < (:updated, "
                    ":id) order by r.updated desc, r.id desc limit :limit",
                    order_id, after.updated, after.id, limit));
  return ResultsOf(rows);
}

absl::StatusOr<int64_t> DroppedVersion(store::Session& session, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select dropped from clinic_result where id = :id", id));
  return row ? row->Int(0) : 0;
}

absl::Status SetDropped(store::Transaction& tx, const std::string& id, int64_t number) {
  return tx.Execute("update clinic_result set dropped = :number where id = :id", number, id)
      .status();
}

}  // namespace tongjian::edge
