#include "services/exchange/fact_store.h"

#include <algorithm>
#include <set>
#include <utility>

namespace tongjian::exchange {
namespace {

// Reports of one order, studies of one report: far beyond what occurs.
constexpr int64_t kRelatedMax = 200;

template <class T>
absl::StatusOr<T> Parse(const store::Row& row) {
  T message;
  if (!message.ParseFromString(row.Bytes(0))) return absl::DataLossError("a kept fact is damaged");
  return message;
}

template <class T>
absl::StatusOr<std::optional<T>> FindIn(store::Session& session, std::string_view sql, const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row, session.QueryOne(sql, id));
  if (!row) return std::optional<T>();
  TJ_ASSIGN_OR_RETURN(T message, Parse<T>(*row));
  return std::optional<T>(std::move(message));
}

absl::StatusOr<std::vector<std::string>> Ids(absl::StatusOr<std::vector<store::Row>> rows) {
  TJ_TRY(rows.status());
  std::vector<std::string> ids;
  for (const store::Row& row : *rows) ids.push_back(row.Text(0));
  return ids;
}

// What publication and rebounds need of an order, nothing clinical.
orders::v1::Order Trimmed(const orders::v1::Order& order) {
  orders::v1::Order kept;
  kept.set_id(order.id());
  kept.set_state(order.state());
  kept.set_origin(order.origin());
  kept.set_ordering_facility_id(order.ordering_facility_id());
  kept.set_recording_facility_id(order.recording_facility_id());
  *kept.mutable_patient() = order.patient();
  *kept.mutable_items() = order.items();
  kept.set_discipline(order.discipline());
  kept.set_accession_number(order.accession_number());
  kept.set_placer_order_number(order.placer_order_number());
  kept.set_bound_order_id(order.bound_order_id());
  *kept.mutable_create_time() = order.create_time();
  kept.set_version(order.version());
  return kept;
}

absl::StatusOr<std::optional<orders::v1::Order>> FindOrder(store::Session& session, const std::string& id) {
  return FindIn<orders::v1::Order>(session, "select record from exam_order where id = :id", id);
}

}  // namespace

absl::StatusOr<bool> FactStore::KeepOrder(store::Transaction& tx, const orders::v1::Order& order) {
  TJ_ASSIGN_OR_RETURN(const int64_t changed,
                      tx.Execute("insert into exam_order (id, version, record) values (:id, :version, :record) on "
                                 "conflict (id) do update set version = excluded.version, record = excluded.record "
                                 "where exam_order.version < excluded.version",
                                 order.id(), order.version(), store::Bytes(Trimmed(order).SerializeAsString())));
  return changed > 0;
}

absl::StatusOr<bool> FactStore::KeepStudy(store::Transaction& tx, const imaging::v1::Study& study) {
  TJ_ASSIGN_OR_RETURN(const int64_t changed,
                      tx.Execute("insert into study (id, version, record) values (:id, :version, :record) on conflict "
                                 "(id) do update set version = excluded.version, record = excluded.record where "
                                 "study.version < excluded.version",
                                 study.id(), study.version(), store::Bytes(study.SerializeAsString())));
  if (changed == 0) return false;
  TJ_TRY(tx.Execute("delete from study_order where study_id = :id", study.id()).status());
  for (const std::string& order_id : study.order_ids()) {
    TJ_TRY(tx.Execute("insert into study_order (order_id, study_id) values (:order, :study) on conflict (order_id, "
                      "study_id) do nothing",
                      order_id, study.id())
               .status());
  }
  return true;
}

absl::StatusOr<bool> FactStore::KeepReport(store::Transaction& tx, const reading::v1::Report& report) {
  const Words words = WordsOf(report.patient());
  reading::v1::Report kept = report;
  kept.clear_draft();
  TJ_ASSIGN_OR_RETURN(
      const int64_t changed,
      tx.Execute("insert into report (id, version, waiting, patient_facility_id, facility_patient_id, record) values "
                 "(:id, :version, 0, :pf, :fp, :record) on conflict (id) do update set version = excluded.version, "
                 "record = excluded.record where report.version < excluded.version",
                 report.id(), report.version(), words.facility_id, words.facility_patient_id,
                 store::Bytes(kept.SerializeAsString())));
  if (changed == 0) return false;
  TJ_TRY(tx.Execute("delete from report_order where report_id = :id", report.id()).status());
  TJ_TRY(tx.Execute("delete from report_study where report_id = :id", report.id()).status());
  for (const std::string& order_id : report.order_ids()) {
    TJ_TRY(tx.Execute("insert into report_order (order_id, report_id) values (:order, :report) on conflict (order_id, "
                      "report_id) do nothing",
                      order_id, report.id())
               .status());
  }
  for (const std::string& study_id : report.study_ids()) {
    TJ_TRY(tx.Execute("insert into report_study (study_id, report_id) values (:study, :report) on conflict (study_id, "
                      "report_id) do nothing",
                      study_id, report.id())
               .status());
  }
  return true;
}

absl::Status FactStore::SetWaiting(store::Transaction& tx, const std::string& report_id, const Wait& wait,
                                   const Words& words) {
  return tx
      .Execute("update report set waiting = :waiting, held = :held, patient_facility_id = :pf, facility_patient_id = :fp where "
               "id = :id",
               wait.waiting, wait.held, words.facility_id, words.facility_patient_id, report_id)
      .status();
}

absl::StatusOr<int64_t> FactStore::CountHeld(store::Session& session) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOne("select count(*) from report where held = 1"));
  return row ? row->Int(0) : 0;
}

absl::StatusOr<std::optional<reading::v1::Report>> FactStore::FindReport(store::Session& session,
                                                                         const std::string& id) {
  return FindIn<reading::v1::Report>(session, "select record from report where id = :id", id);
}

absl::StatusOr<std::vector<orders::v1::Order>> FactStore::OrdersOf(store::Session& session,
                                                                   const reading::v1::Report& report) {
  std::vector<orders::v1::Order> orders;
  std::set<std::string> seen;
  for (const std::string& id : report.order_ids()) {
    TJ_ASSIGN_OR_RETURN(std::optional<orders::v1::Order> order, FindOrder(session, id));
    if (order && order->origin() == orders::v1::ORDER_ORIGIN_DEVICE && !order->bound_order_id().empty()) {
      TJ_ASSIGN_OR_RETURN(const std::optional<orders::v1::Order> bound, FindOrder(session, order->bound_order_id()));
      if (bound) order = bound;
    }
    if (order && seen.insert(order->id()).second) orders.push_back(*std::move(order));
  }
  return orders;
}

absl::StatusOr<std::vector<imaging::v1::Study>> FactStore::StudiesOf(store::Session& session,
                                                                     const reading::v1::Report& report) {
  std::vector<imaging::v1::Study> studies;
  for (const char* sql : {"select s.record from report_study r join study s on s.id = r.study_id where r.report_id = "
                          ":id order by s.id limit :limit",
                          "select distinct s.record, s.id from report_order r join study_order o on o.order_id = "
                          "r.order_id join study s on s.id = o.study_id where r.report_id = :id order by s.id limit "
                          ":limit"}) {
    TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows, session.Query(sql, report.id(), kRelatedMax));
    for (const store::Row& row : rows) {
      TJ_ASSIGN_OR_RETURN(studies.emplace_back(), Parse<imaging::v1::Study>(row));
    }
    if (!studies.empty()) break;
  }
  return studies;
}

absl::StatusOr<std::vector<std::string>> FactStore::ReportsOfOrder(store::Session& session,
                                                                   const std::string& order_id) {
  return Ids(session.Query("select report_id from report_order where order_id = :id order by report_id limit :limit",
                           order_id, kRelatedMax));
}

absl::StatusOr<std::vector<std::string>> FactStore::ReportsOfStudy(store::Session& session,
                                                                   const imaging::v1::Study& study) {
  TJ_ASSIGN_OR_RETURN(std::vector<std::string> ids,
                      Ids(session.Query("select report_id from report_study where study_id = :id order by report_id "
                                        "limit :limit",
                                        study.id(), kRelatedMax)));
  for (const std::string& order_id : study.order_ids()) {
    TJ_ASSIGN_OR_RETURN(const std::vector<std::string> more, ReportsOfOrder(session, order_id));
    ids.insert(ids.end(), more.begin(), more.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

absl::StatusOr<std::vector<std::string>> FactStore::WaitingReports(store::Session& session, const Words& words) {
  return Ids(session.Query("select id from report where waiting = 1 and patient_facility_id = :f and "
                           "facility_patient_id = :p order by id limit :limit",
                           words.facility_id, words.facility_patient_id, kRelatedMax));
}

}  // namespace tongjian::exchange
