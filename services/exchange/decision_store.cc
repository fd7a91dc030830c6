#include "services/exchange/decision_store.h"

#include <utility>

#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {
namespace {

constexpr char kStream[] = "exchange";

absl::StatusOr<v1::Decision> DecisionOf(const store::Row& row) {
  v1::Decision decision;
  if (!decision.ParseFromString(row.Bytes(0))) return absl::DataLossError("a decision's record is damaged");
  decision.set_patient_id(row.Text(1));
  return decision;
}

// A condition on the facility column, and its values.
std::string Visible(const security::Scope& scope, std::vector<store::Value>& values) {
  if (scope.all()) return "";
  std::string list;
  for (size_t i = 0; i < scope.facilities().size(); ++i) {
    list += (i == 0 ? ":scope" : ", :scope") + std::to_string(i);
    values.push_back(store::ToValue(scope.facilities()[i]));
  }
  return list.empty() ? " and 1 = 0" : " and facility_id in (" + list + ")";
}

void Add(Measure measure, int64_t count, int64_t fen, v1::RecognitionCounts& counts) {
  switch (measure) {
    case Measure::kPrompt: return counts.set_prompts(count);
    case Measure::kAccepted: return counts.set_accepted(count);
    case Measure::kDeclined: return counts.set_declined(count);
    case Measure::kNotCounted: return counts.set_not_counted(count);
    case Measure::kIgnored: return counts.set_ignored(count);
    case Measure::kRebound: return counts.set_rebounds(count);
    case Measure::kSaved:
      counts.set_saved_tests(count);
      return counts.set_saved_fen(fen);
  }
}

}  // namespace

absl::Status DecisionStore::Put(store::Transaction& tx, const v1::Decision& decision,
                                std::optional<absl::Time> saving_until) {
  TJ_TRY(tx.Execute("insert into decision (id, prompt_id, facility_id, patient_id, recognition_code, encounter, price_id, "
                    "result_id, kind, time, saving_until, record) values (:id, :prompt, :facility, :patient, :code, "
                    ":encounter, :price, :result, :kind, :time, :saving, :record) on conflict (id) do update set kind = "
                    "excluded.kind, saving_until = excluded.saving_until, record = excluded.record",
                    decision.id(), decision.prompt_id(), decision.facility_id(), decision.patient_id(),
                    decision.recognition_code(), decision.encounter(), decision.price_id(), decision.result_id(),
                    static_cast<int64_t>(decision.kind()), rpc::FromProto(decision.time()),
                    saving_until ? absl::ToUnixMicros(*saving_until) : int64_t{0},
                    store::Bytes(decision.SerializeAsString()))
             .status());
  events::v1::DecisionChanged changed;
  *changed.mutable_decision() = decision;
  std::vector<std::string> audience = {decision.facility_id()};
  const std::string& performing = decision.performing_facility_id();
  if (!performing.empty() && performing != decision.facility_id()) audience.push_back(performing);
  tx.Emit(feed::MakeEvent(kStream, decision.id(), std::move(audience), changed));
  return absl::OkStatus();
}

absl::Status DecisionStore::Count(store::Transaction& tx, const Tally& tally) {
  return tx
      .Execute("insert into tally (id, facility_id, time, measure, delta, fen, prompt_id, decision_id) values (:id, "
               ":facility, :time, :measure, :delta, :fen, :prompt, :decision)",
               tally.id, tally.facility_id, tx.Now(), tally.measure, tally.delta, tally.fen, tally.prompt_id,
               tally.decision_id)
      .status();
}

absl::StatusOr<v1::Decision> DecisionStore::Find(store::Session& session, const security::Scope& scope,
                                                 const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOne("select record, patient_id, facility_id from decision where id = :id", id));
  if (!row || !scope.Contains(row->Text(2))) return base::NotFound("decision " + id);
  return DecisionOf(*row);
}

absl::StatusOr<bool> DecisionStore::IsSaving(store::Session& session, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOne("select saving_until from decision where id = :id", id));
  return row && row->Int(0) > 0;
}

absl::StatusOr<std::vector<v1::Decision>> DecisionStore::Savings(store::Session& session,
                                                                 const security::Scope& scope,
                                                                 const std::string& patient_id,
                                                                 const std::string& recognition_code,
                                                                 absl::Time time, int64_t limit) {
  std::vector<store::Value> values = {store::ToValue(patient_id), store::ToValue(recognition_code),
                                      store::ToValue(time)};
  const std::string visible = Visible(scope, values);
  values.push_back(store::ToValue(limit));
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                      session.QueryValues("select record, patient_id from decision where patient_id = :patient and "
                                          "recognition_code = :code and saving_until > 0 and saving_until >= :at and "
                                          "time <= :at" +
                                              visible + " order by time, id limit :limit",
                                          values));
  std::vector<v1::Decision> decisions;
  for (const store::Row& row : rows) {
    TJ_ASSIGN_OR_RETURN(decisions.emplace_back(), DecisionOf(row));
  }
  return decisions;
}

absl::StatusOr<bool> DecisionStore::IsPriced(store::Session& session, const v1::Decision& decision) {
  if (decision.price_id().empty() || decision.encounter().empty()) return false;
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOne("select 1 from decision where patient_id = :patient and saving_until > 0 and "
                                       "facility_id = :facility and encounter = :encounter and price_id = :price",
                                       decision.patient_id(), decision.facility_id(), decision.encounter(),
                                       decision.price_id()));
  return row.has_value();
}

absl::StatusOr<std::vector<ListedDecision>> DecisionStore::List(store::Session& session, const security::Scope& scope,
                                                                const std::string& facility_id,
                                                                const std::string& patient_id,
                                                                const ListPosition& after, int64_t limit) {
  std::vector<store::Value> values;
  const std::string visible = Visible(scope, values);
  std::string sql = "select record, patient_id, time, id from decision where 1 = 1" + visible;
  if (!facility_id.empty()) {
    sql += " and facility_id = :facility";
    values.push_back(store::ToValue(facility_id));
  }
  if (!patient_id.empty()) {
    sql += " and patient_id = :patient";
    values.push_back(store::ToValue(patient_id));
  }
  sql += " and (time, id) < (:time, :id) order by time desc, id desc limit :limit";
  values.insert(values.end(), {store::ToValue(after.created), store::ToValue(after.id), store::ToValue(limit)});
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows, session.QueryValues(sql, values));
  std::vector<ListedDecision> listed;
  for (const store::Row& row : rows) {
    TJ_ASSIGN_OR_RETURN(v1::Decision decision, DecisionOf(row));
    listed.push_back({{row.Int(2), row.Text(3)}, std::move(decision)});
  }
  return listed;
}

absl::StatusOr<v1::RecognitionCounts> DecisionStore::Counts(store::Session& session, const security::Scope& scope,
                                                            const std::string& facility_id, absl::Time from,
                                                            absl::Time to) {
  std::vector<store::Value> values = {store::ToValue(from), store::ToValue(to)};
  std::string where = " where time >= :from and time < :to" + Visible(scope, values);
  if (!facility_id.empty()) {
    where += " and facility_id = :facility";
    values.push_back(store::ToValue(facility_id));
  }
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                      session.QueryValues("select measure, cast(sum(delta) as bigint), cast(sum(fen) as bigint) from "
                                          "tally" +
                                              where + " group by measure",
                                          values));
  v1::RecognitionCounts counts;
  for (const store::Row& row : rows) Add(static_cast<Measure>(row.Int(0)), row.Int(1), row.Int(2), counts);
  counts.set_rate_denominator(counts.accepted() + counts.declined());
  counts.set_coverage_numerator(counts.rate_denominator() + counts.not_counted());
  return counts;
}

}  // namespace tongjian::exchange
