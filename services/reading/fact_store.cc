#include "services/reading/fact_store.h"

#include <optional>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "services/reading/codec.h"
#include "tongjian/orders/v1/order.pb.h"

namespace tongjian::reading {
namespace {

constexpr int64_t kLinksMax = 1000;

absl::StatusOr<bool> IsNews(store::Session& session, std::string_view table, const std::string& id, int64_t version) {
  TJ_ASSIGN_OR_RETURN(const auto row,
                      session.QueryOne("select version from " + std::string(table) + " where id = :id", id));
  return !row || row->Int(0) < version;
}

}  // namespace

absl::StatusOr<bool> PutOrderFact(store::Transaction& tx, const orders::v1::Order& order) {
  TJ_ASSIGN_OR_RETURN(const bool news, IsNews(tx, "known_order", order.id(), order.version()));
  if (!news) return false;
  TJ_TRY(tx.Execute("insert into known_order (id, version, record) values (:id, :version, :record) on conflict (id) do "
                    "update set version = excluded.version, record = excluded.record",
                    order.id(), order.version(), store::Bytes(order.SerializeAsString()))
             .status());
  return true;
}

absl::StatusOr<std::optional<OrderFact>> FindOrderFact(store::Session& session, const std::string& order_id) {
  TJ_ASSIGN_OR_RETURN(const auto row, session.QueryOne("select record from known_order where id = :id", order_id));
  if (!row) return std::nullopt;
  orders::v1::Order order;
  if (!order.ParseFromString(row->Bytes(0))) return absl::DataLossError("a stored order cannot be read");
  return FactOf(order);
}

absl::StatusOr<bool> PutStudyFact(store::Transaction& tx, const StudyFact& study) {
  TJ_ASSIGN_OR_RETURN(const bool news, IsNews(tx, "study", study.id, study.version));
  if (!news) return false;
  TJ_TRY(tx.Execute("insert into study (id, version, complete, instances, modalities, exam_note) values (:id, :version, "
                    ":complete, :instances, :modalities, :note) on conflict (id) do update set version = excluded.version, complete = "
                    "excluded.complete, instances = excluded.instances, modalities = excluded.modalities, exam_note = excluded.exam_note",
                    study.id, study.version, study.complete, study.instances, absl::StrJoin(study.modalities, "|"),
                    study.exam_note)
             .status());
  return true;
}

absl::StatusOr<std::vector<StudyFact>> StudiesOfOrder(store::Session& session, const std::string& order_id) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select s.id, s.version, s.complete, s.instances, s.modalities, s.exam_note from study_order o join "
                                    "study s on s.id = o.study_id where o.order_id = :id order by s.id limit :limit",
                                    order_id, kLinksMax));
  std::vector<StudyFact> studies;
  for (const store::Row& row : rows) {
    studies.push_back({.id = row.Text(0),
                       .version = row.Int(1),
                       .complete = row.Bool(2),
                       .instances = row.Int(3),
                       .modalities = absl::StrSplit(row.Text(4), '|', absl::SkipEmpty()),
                       .exam_note = row.Text(5)});
  }
  return studies;
}

absl::StatusOr<std::vector<std::string>> OrdersOfStudy(store::Session& session, const std::string& study_id) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query("select order_id from study_order where study_id = :id order by order_id limit :limit",
                                    study_id, kLinksMax));
  std::vector<std::string> ids;
  for (const store::Row& row : rows) ids.push_back(row.Text(0));
  return ids;
}

absl::Status SetOrdersOfStudy(store::Transaction& tx, const std::string& study_id,
                              const std::vector<std::string>& order_ids) {
  TJ_TRY(tx.Execute("delete from study_order where study_id = :id", study_id).status());
  for (const std::string& order_id : order_ids) {
    TJ_TRY(tx.Execute("insert into study_order (order_id, study_id) values (:order, :study) on conflict (order_id, "
                      "study_id) do nothing",
                      order_id, study_id)
               .status());
  }
  return absl::OkStatus();
}

absl::Status PutPatientFact(store::Transaction& tx, const Patient& words, const PatientFact& fact) {
  return tx
      .Execute("insert into patient_link (facility_id, facility_patient_id, name, birth_date, patient_id, verified) values "
               "(:f, :p, :n, :b, :id, :verified) on conflict (facility_id, facility_patient_id, name, birth_date) do update "
               "set patient_id = excluded.patient_id, verified = excluded.verified",
               words.facility_id, words.facility_patient_id, words.name, words.birth_date, fact.patient_id, fact.verified)
      .status();
}

absl::Status PutOrderPatient(store::Transaction& tx, const std::string& order_id, const PatientFact& fact) {
  return tx
      .Execute("insert into order_patient (order_id, patient_id, verified) values (:order, :id, :verified) on conflict "
               "(order_id) do update set patient_id = excluded.patient_id, verified = excluded.verified",
               order_id, fact.patient_id, fact.verified)
      .status();
}

absl::StatusOr<PatientFact> FindPatientFact(store::Session& session, const OrderFact& order) {
  const Patient& words = order.patient;
  std::optional<store::Row> row;
  if (words.facility_patient_id.empty()) {
    TJ_ASSIGN_OR_RETURN(
        row, session.QueryOne("select patient_id, verified from order_patient where order_id = :id", order.id));
  } else {
    TJ_ASSIGN_OR_RETURN(row,
                        session.QueryOne("select patient_id, verified from patient_link where facility_id = :f and "
                                         "facility_patient_id = :p and name = :n and birth_date = :b",
                                         words.facility_id, words.facility_patient_id, words.name, words.birth_date));
  }
  if (!row) return PatientFact();
  return PatientFact{row->Text(0), row->Bool(1)};
}

}  // namespace tongjian::reading
