#include "services/exchange/words_store.h"

#include <optional>

namespace tongjian::exchange {

Words WordsOf(const common::v1::PatientRef& patient) {
  return {patient.facility_id(), patient.facility_patient_id(), patient.name(), patient.birth_date()};
}

absl::Status LinkWords(store::Transaction& tx, const Words& words, const std::string& patient_id) {
  return tx
      .Execute("insert into patient_link (facility_id, facility_patient_id, name, birth_date, patient_id) values "
               "(:f, :p, :n, :b, :patient) on conflict (facility_id, facility_patient_id, name, birth_date) do "
               "update set patient_id = excluded.patient_id",
               words.facility_id, words.facility_patient_id, words.name, words.birth_date, patient_id)
      .status();
}

absl::StatusOr<std::string> PatientOf(store::Session& session, const Words& words) {
  if (!words.linkable()) return std::string();
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne("select patient_id from patient_link where facility_id = :f and facility_patient_id = :p "
                       "and name = :n and birth_date = :b",
                       words.facility_id, words.facility_patient_id, words.name, words.birth_date));
  return row ? row->Text(0) : std::string();
}

absl::Status SetVerification(store::Transaction& tx, const std::string& patient_id, const Verification& now) {
  return tx
      .Execute("insert into patient (id, verified, sharing_refused) values (:id, :verified, :refused) on conflict (id) do "
               "update set verified = excluded.verified, sharing_refused = excluded.sharing_refused",
               patient_id, now.verified, now.sharing_refused)
      .status();
}

absl::StatusOr<Verification> VerificationOf(store::Session& session, const std::string& patient_id) {
  Verification found;
  if (patient_id.empty()) return found;
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne("select verified, sharing_refused from patient where id = :id", patient_id));
  if (row) found = {row->Bool(0), row->Bool(1)};
  return found;
}

bool SurelyOf(const common::v1::PatientRef& words, const Verification& patient) {
  return !words.facility_patient_id().empty() || patient.verified;
}

}  // namespace tongjian::exchange
