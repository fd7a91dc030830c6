#include "services/registry/patient_fact_store.h"

#include "common/base/status.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

constexpr int64_t kFactsMax = 10'000;

#define TJ_FACT_COLUMNS                                                                   \
  "select kind, id, facility_id, name, birth_date, study_uid, order_id, patient_id, current_id " \
  "from patient_facts "

PatientFact FactOf(const store::Row& row) {
  return {static_cast<FactKind>(row.Int(0)),
          row.Text(1),
          row.Text(2),
          row.Text(3),
          row.Text(4),
          row.Text(5),
          row.Text(6),
          row.Text(7),
          row.Text(8)};
}

std::optional<PatientFact> FactOf(const std::optional<store::Row>& row) {
  return row ? std::optional(FactOf(*row)) : std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<PatientFact>> FindFact(store::Session& session, FactKind kind,
                                                    std::string_view id) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(TJ_FACT_COLUMNS "where kind = :kind and id = :id", kind, id));
  return FactOf(row);
}

absl::StatusOr<std::optional<PatientFact>> FindStudyOfOrder(store::Session& session,
                                                            std::string_view order_id) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(TJ_FACT_COLUMNS
                       "where kind = 2 and order_id = :order order by id limit 1",
                       order_id));
  return FactOf(row);
}

absl::StatusOr<std::optional<PatientFact>> FindStudyByUid(store::Session& session,
                                                          std::string_view facility_id,
                                                          std::string_view study_uid) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne(TJ_FACT_COLUMNS "where kind = 2 and study_uid = :uid and facility_id = "
                                       ":facility order by id limit 1",
                       study_uid, facility_id));
  return FactOf(row);
}

absl::Status PutFact(store::Transaction& tx, const PatientFact& fact) {
  return tx
      .Execute(
          "insert into patient_facts (kind, id, facility_id, name, birth_date, study_uid, "
          "order_id, patient_id, current_id) values (:kind, :id, :facility, :name, :birth, :uid, "
          ":order, :patient, :current) on conflict (kind, id) do update set "
          "facility_id = excluded.facility_id, name = excluded.name, birth_date = "
          "excluded.birth_date, study_uid = excluded.study_uid, order_id = excluded.order_id, "
          "patient_id = excluded.patient_id, current_id = excluded.current_id",
          fact.kind, fact.id, fact.facility_id, fact.name, fact.birth_date, fact.study_uid,
          fact.order_id, fact.patient_id, fact.current_id)
      .status();
}

absl::Status DropFact(store::Transaction& tx, FactKind kind, std::string_view id) {
  return tx.Execute("delete from patient_facts where kind = :kind and id = :id", kind, id).status();
}

absl::StatusOr<std::vector<PatientFact>> FactsFor(store::Session& session,
                                                  std::string_view patient_id) {
  TJ_ASSIGN_OR_RETURN(const auto rows,
                      session.Query(TJ_FACT_COLUMNS
                                    "where current_id = :patient order by kind, id limit :limit",
                                    patient_id, kFactsMax));
  std::vector<PatientFact> facts;
  facts.reserve(rows.size());
  for (const store::Row& row : rows) facts.push_back(FactOf(row));
  return facts;
}

absl::Status JoinFacts(store::Transaction& tx, std::string_view source_id,
                       std::string_view target_id) {
  return tx
      .Execute("update patient_facts set current_id = :target where current_id = :source", target_id,
               source_id)
      .status();
}

absl::Status ReturnFacts(store::Transaction& tx, std::string_view patient_id,
                         std::string_view current_id) {
  return tx
      .Execute("update patient_facts set current_id = :current where patient_id = :patient",
               current_id, patient_id)
      .status();
}

}  // namespace tongjian::registry
