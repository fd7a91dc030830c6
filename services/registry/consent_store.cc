#include "services/registry/consent_store.h"

#include "common/base/status.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

constexpr int64_t kCountingMax = 1000;

Consent ConsentOf(const store::Row& row) {
  Consent consent;
  consent.id = row.Text(0);
  consent.patient_id = row.Text(1);
  consent.number = row.Int(2);
  consent.coverage = static_cast<Coverage>(row.Int(3));
  consent.decision = static_cast<Decision>(row.Int(4));
  consent.facility_id = row.Text(5);
  consent.practitioner_id = row.Text(6);
  consent.practitioner_name = row.Text(7);
  consent.recorded_by = row.Text(8);
  consent.recorded = row.Time(9);
  consent.joined = row.Time(10);
  consent.reason = row.Text(11);
  return consent;
}

}  // namespace

absl::Status InsertConsent(store::Transaction& tx, const Consent& consent) {
  TJ_ASSIGN_OR_RETURN(
      const auto newest,
      tx.QueryOne("select number from patient_consents where patient_id = :patient order by number "
                  "desc limit 1",
                  consent.patient_id));
  return tx
      .Execute(
          "insert into patient_consents (id, patient_id, current_id, number, coverage, decision, "
          "facility_id, practitioner_id, practitioner_name, recorded_by, recorded, joined, reason) "
          "values (:id, :patient, :patient, :number, :coverage, :decision, :facility, "
          ":practitioner, :name, :by, :recorded, :recorded, :reason)",
          consent.id, consent.patient_id, newest ? newest->Int(0) + 1 : 1, consent.coverage,
          consent.decision, consent.facility_id, consent.practitioner_id, consent.practitioner_name,
          consent.recorded_by, tx.Now(), consent.reason)
      .status();
}

absl::StatusOr<std::vector<Consent>> ConsentsFor(store::Session& session,
                                                 std::string_view patient_id) {
  return ListConsents(session, patient_id, {}, kCountingMax);
}

absl::StatusOr<std::vector<Consent>> ListConsents(store::Session& session,
                                                  std::string_view patient_id,
                                                  const ConsentPosition& after, int64_t limit) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query(
          "select id, patient_id, number, coverage, decision, facility_id, practitioner_id, "
          "practitioner_name, recorded_by, recorded, joined, reason from patient_consents "
          "where current_id = :patient and (recorded, id) < (:recorded, :id) "
          "order by recorded desc, id desc limit :limit",
          patient_id, after.recorded, after.id, limit));
  std::vector<Consent> consents;
  consents.reserve(rows.size());
  for (const store::Row& row : rows) consents.push_back(ConsentOf(row));
  return consents;
}

absl::Status JoinConsents(store::Transaction& tx, std::string_view source_id,
                          std::string_view target_id) {
  return tx
      .Execute(
          "update patient_consents set current_id = :target, joined = :now where current_id = "
          ":source",
          target_id, tx.Now(), source_id)
      .status();
}

absl::Status ReturnConsents(store::Transaction& tx, std::string_view patient_id,
                            std::string_view current_id) {
  return tx
      .Execute("update patient_consents set current_id = :current where patient_id = :patient",
               current_id, patient_id)
      .status();
}

}  // namespace tongjian::registry
