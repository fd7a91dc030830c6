#include "services/exchange/result_store.h"

#include <algorithm>
#include <utility>

#include "common/feed/change.h"
#include "common/rpc/proto_time.h"
#include "services/exchange/result.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::exchange {
namespace {

constexpr char kStream[] = "exchange";
// More facilities than this are not told of one result.
constexpr int64_t kFacilitiesMax = 1000;
constexpr int64_t kToldAtOnce = 200;

absl::StatusOr<v1::Result> ResultOf(const store::Row& row) {
  v1::Result result;
  if (!result.ParseFromString(row.Bytes(0))) return absl::DataLossError("a result's record is damaged");
  result.mutable_patient()->set_patient_id(row.Text(1));
  return result;
}

absl::StatusOr<std::vector<v1::Result>> ResultsOf(absl::StatusOr<std::vector<store::Row>> rows) {
  TJ_TRY(rows.status());
  std::vector<v1::Result> results;
  for (const store::Row& row : *rows) {
    TJ_ASSIGN_OR_RETURN(results.emplace_back(), ResultOf(row));
  }
  return results;
}

// The patient of result r has not refused that others see it.
constexpr char kShared[] =
    "not exists (select 1 from patient p where p.id = r.patient_id and p.sharing_refused = 1)";

// A condition on result r, and its values.
std::string Visible(const security::Scope& scope, std::vector<store::Value>& values) {
  if (scope.all()) return "";
  std::string list;
  for (size_t i = 0; i < scope.facilities().size(); ++i) {
    list += (i == 0 ? ":facility" : ", :facility") + std::to_string(i);
    values.push_back(store::ToValue(scope.facilities()[i]));
  }
  if (list.empty()) return " and 1 = 0";
  return " and exists (select 1 from result_facility f where f.result_id = r.id and f.facility_id in (" + list +
         ") and (f.told = 0 or " + kShared + "))";
}

absl::StatusOr<std::vector<std::string>> Facilities(store::Session& session, const std::string& result_id, bool told) {
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                      session.Query("select facility_id from result_facility where result_id = :id and told = :told "
                                    "order by facility_id limit :limit",
                                    result_id, told, kFacilitiesMax));
  std::vector<std::string> facilities;
  for (const store::Row& row : rows) facilities.push_back(row.Text(0));
  return facilities;
}

// To whoever accepted it: by its id alone. What they may see of it is decided when they read.
absl::Status EmitToTold(store::Transaction& tx, const std::string& result_id) {
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> told, Facilities(tx, result_id, true));
  if (told.empty()) return absl::OkStatus();
  events::v1::ResultChanged changed;
  *changed.mutable_result() = Withheld(result_id);
  tx.Emit(feed::MakeEvent(kStream, result_id, std::move(told), changed));
  return absl::OkStatus();
}

absl::Status Emit(store::Transaction& tx, const v1::Result& result) {
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> named, Facilities(tx, result.id(), false));
  events::v1::ResultChanged changed;
  *changed.mutable_result() = result;
  tx.Emit(feed::MakeEvent(kStream, result.id(), std::move(named), changed));
  return EmitToTold(tx, result.id());
}

absl::Status WriteRow(store::Transaction& tx, const v1::Result& result, int64_t before) {
  const Words words = WordsOf(result.patient());
  const std::string& patient_id = result.patient().patient_id();
  if (before == 0) {
    return tx
        .Execute("insert into result (id, publisher, source, source_id, version, patient_facility_id, "
                 "facility_patient_id, patient_name, patient_birth_date, patient_id, created, record) values (:id, "
                 ":publisher, :source, :source_id, :version, :pf, :fp, :name, :birth, :patient, :created, :record)",
                 result.id(), result.publishing_facility_id(), result.source(), result.source_id(),
                 result.version(), words.facility_id, words.facility_patient_id, words.name, words.birth_date,
                 patient_id, tx.Now(), store::Bytes(result.SerializeAsString()))
        .status();
  }
  TJ_ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute("update result set version = :version, patient_facility_id = :pf, facility_patient_id = :fp, "
                 "patient_name = :name, patient_birth_date = :birth, patient_id = :patient, record = :record "
                 "where id = :id and version = :before",
                 result.version(), words.facility_id, words.facility_patient_id, words.name, words.birth_date,
                 patient_id, store::Bytes(result.SerializeAsString()), result.id(), before));
  return changed == 1 ? absl::OkStatus() : absl::AbortedError("the result was changed meanwhile");
}

absl::Status WriteItems(store::Transaction& tx, const v1::Result& result) {
  TJ_TRY(tx.Execute("delete from result_item where result_id = :id", result.id()).status());
  for (int i = 0; i < result.items_size(); ++i) {
    if (result.items(i).recognition_code().empty()) continue;
    TJ_TRY(tx.Execute("insert into result_item (result_id, position, patient_id, recognition_code, performed) values "
                      "(:id, :position, :patient, :code, :performed)",
                      result.id(), i, result.patient().patient_id(), result.items(i).recognition_code(),
                      rpc::FromProto(result.performed_time()))
               .status());
  }
  return absl::OkStatus();
}

// The result names the facility: it sees it whatever the patient agrees to.
absl::Status Name(store::Transaction& tx, const std::string& result_id, const std::string& facility_id) {
  return tx
      .Execute("insert into result_facility (result_id, facility_id, told) values (:id, :facility, 0) on conflict "
               "(result_id, facility_id) do update set told = 0",
               result_id, facility_id)
      .status();
}

absl::Status WriteOrders(store::Transaction& tx, const v1::Result& result) {
  for (const std::string& order_id : result.order_ids()) {
    TJ_TRY(tx.Execute("insert into result_order (order_id, result_id, created) select :order, id, created from result "
                      "where id = :id on conflict (order_id, result_id) do nothing",
                      order_id, result.id())
               .status());
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ListedResult>> ListedOf(const std::vector<store::Row>& rows) {
  std::vector<ListedResult> listed;
  for (const store::Row& row : rows) {
    TJ_ASSIGN_OR_RETURN(v1::Result result, ResultOf(row));
    listed.push_back({{row.Int(2), row.Text(3)}, std::move(result)});
  }
  return listed;
}

}  // namespace

SourceKey KeyOf(const v1::Result& result) {
  return {result.publishing_facility_id(), result.source(), result.source_id()};
}

std::string ToText(const ListPosition& position) { return std::to_string(position.created) + " " + position.id; }

absl::StatusOr<ListPosition> ParsePosition(std::string_view text) {
  if (text.empty()) return ListPosition();
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || space == 0 || space > 18 ||
      !std::all_of(text.begin(), text.begin() + space, [](char c) { return c >= '0' && c <= '9'; })) {
    return base::Error(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN", "page_token",
                       "not a token of this list");
  }
  return ListPosition{std::stoll(std::string(text.substr(0, space))), std::string(text.substr(space + 1))};
}

absl::Status ResultStore::Write(store::Transaction& tx, v1::Result& result, int64_t before) {
  result.set_version(before + 1);
  *result.mutable_update_time() = rpc::ToProto(tx.Now());
  TJ_TRY(WriteRow(tx, result, before));
  TJ_TRY(WriteItems(tx, result));
  TJ_TRY(WriteOrders(tx, result));
  for (const std::string& facility_id : FacilitiesOf(result)) TJ_TRY(Name(tx, result.id(), facility_id));
  return Emit(tx, result);
}

absl::Status ResultStore::Tell(store::Transaction& tx, const std::string& result_id,
                               const std::string& facility_id) {
  return tx
      .Execute("insert into result_facility (result_id, facility_id, told) values (:id, :facility, 1) on conflict "
               "(result_id, facility_id) do nothing",
               result_id, facility_id)
      .status();
}

absl::Status ResultStore::TellConsent(store::Transaction& tx, const std::string& patient_id) {
  if (patient_id.empty()) return absl::OkStatus();
  std::string after;
  while (true) {
    TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                        tx.Query("select r.id from result r where r.patient_id = :patient and r.patient_id <> '' and "
                                 "r.id > :after and exists (select 1 from result_facility f where f.result_id = r.id "
                                 "and f.told = 1) order by r.id limit :limit",
                                 patient_id, after, kToldAtOnce));
    for (const store::Row& row : rows) TJ_TRY(EmitToTold(tx, row.Text(0)));
    if (static_cast<int64_t>(rows.size()) < kToldAtOnce) return absl::OkStatus();
    after = rows.back().Text(0);
  }
}

absl::StatusOr<v1::Result> ResultStore::Find(store::Session& session, const security::Scope& scope,
                                             const std::string& id) {
  std::vector<store::Value> values = {store::ToValue(id)};
  const std::string visible = Visible(scope, values);
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOneValues("select r.record, r.patient_id from result r where r.id = :id" + visible, values));
  if (!row) return base::NotFound("result " + id);
  return ResultOf(*row);
}

absl::StatusOr<std::optional<v1::Result>> ResultStore::FindBySource(store::Session& session,
                                                                    const security::Scope& scope,
                                                                    const SourceKey& key) {
  std::vector<store::Value> values = {store::ToValue(key.publisher), store::ToValue(key.source),
                                      store::ToValue(key.source_id)};
  const std::string visible = Visible(scope, values);
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOneValues("select r.record, r.patient_id from result r where r.publisher = :p and "
                                             "r.source = :s and r.source_id = :i" +
                                                 visible,
                                             values));
  if (!row) return std::optional<v1::Result>();
  TJ_ASSIGN_OR_RETURN(v1::Result result, ResultOf(*row));
  return std::optional<v1::Result>(std::move(result));
}

absl::StatusOr<std::vector<v1::Result>> ResultStore::WithWords(store::Session& session,
                                                               const security::Scope& scope, const Words& words,
                                                               const std::string& patient_id, int64_t limit) {
  std::vector<store::Value> values = {store::ToValue(words.facility_id), store::ToValue(words.facility_patient_id),
                                      store::ToValue(words.name), store::ToValue(words.birth_date),
                                      store::ToValue(patient_id)};
  const std::string visible = Visible(scope, values);
  values.push_back(store::ToValue(limit));
  return ResultsOf(session.QueryValues("select r.record, r.patient_id from result r where r.patient_facility_id = :f "
                                       "and r.facility_patient_id = :p and r.patient_name = :n and "
                                       "r.patient_birth_date = :b and r.patient_id <> :patient" +
                                           visible + " order by r.id limit :limit",
                                       values));
}

absl::StatusOr<std::vector<v1::Result>> ResultStore::Candidates(store::Session& session,
                                                                const security::Scope& scope,
                                                                const std::string& patient_id,
                                                                const std::string& recognition_code,
                                                                int64_t limit) {
  if (patient_id.empty() || recognition_code.empty()) return std::vector<v1::Result>();
  std::vector<store::Value> values = {store::ToValue(patient_id), store::ToValue(recognition_code)};
  const std::string visible = Visible(scope, values);
  values.push_back(store::ToValue(limit));
  return ResultsOf(session.QueryValues(
      "select r.record, r.patient_id from result_item i join result r on r.id = i.result_id where i.patient_id = "
      ":patient and i.patient_id <> '' and i.recognition_code = :code" +
          visible + " order by i.performed desc, i.result_id desc limit :limit",
      values));
}

absl::StatusOr<std::vector<ListedResult>> ResultStore::ListOfFacility(store::Session& session,
                                                                      const std::string& facility_id,
                                                                      const ListPosition& after, int64_t limit) {
  const std::string from = "select r.record, r.patient_id, r.created, r.id, case when f.told = 0 or " +
                           std::string(kShared) +
                           " then 1 else 0 end from result_facility f join result r on r.id = f.result_id where "
                           "f.facility_id = :facility";
  const std::string order = " order by f.result_id desc limit :limit";
  const auto rows = after.id.empty()
                        ? session.Query(from + order, facility_id, limit)
                        : session.Query(from + " and f.result_id < :after" + order, facility_id, after.id, limit);
  TJ_TRY(rows.status());
  std::vector<ListedResult> listed;
  for (const store::Row& row : *rows) {
    listed.push_back({{row.Int(2), row.Text(3)}, Withheld(row.Text(3))});
    if (!row.Bool(4)) continue;
    TJ_ASSIGN_OR_RETURN(listed.back().result, ResultOf(row));
  }
  return listed;
}

absl::StatusOr<std::vector<ListedResult>> ResultStore::List(store::Session& session, const security::Scope& scope,
                                                            const std::string& patient_id,
                                                            const std::string& order_id, const ListPosition& after,
                                                            int64_t limit) {
  const bool by_order = !order_id.empty();
  std::vector<store::Value> values = {store::ToValue(by_order ? order_id : patient_id)};
  const std::string visible = Visible(scope, values);
  values.insert(values.end(), {store::ToValue(after.created), store::ToValue(after.id), store::ToValue(limit)});
  const std::string from = by_order ? "result_order o join result r on r.id = o.result_id where o.order_id = :key"
                                    : "result r where r.patient_id = :key and r.patient_id <> ''";
  TJ_ASSIGN_OR_RETURN(
      const std::vector<store::Row> rows,
      session.QueryValues("select r.record, r.patient_id, r.created, r.id from " + from + visible +
                              " and (r.created, r.id) < (:created, :id) order by r.created desc, r.id desc limit :limit",
                          values));
  return ListedOf(rows);
}

}  // namespace tongjian::exchange
