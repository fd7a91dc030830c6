#include "services/orders/patient_link_store.h"

#include <optional>

namespace tongjian::orders {

absl::Status LinkWords(store::Transaction& tx, const Patient& words,
                       const std::string& patient_id) {
  return tx
      .Execute(
          "insert into patient_link (facility_id, facility_patient_id, name, birth_date, "
          "patient_id) values "
          "(:f, :p, :n, :b, :patient) on conflict (facility_id, facility_patient_id, name, "
          "birth_date) do update "
          "set patient_id = excluded.patient_id",
          words.facility_id, words.facility_patient_id, words.name, words.birth_date, patient_id)
      .status();
}

absl::StatusOr<std::string> PatientOf(store::Session& session, const Patient& words) {
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne("select patient_id from patient_link where facility_id = :f and "
                       "facility_patient_id = :p and name = :n and birth_date = :b",
                       words.facility_id, words.facility_patient_id, words.name, words.birth_date));
  return row ? row->Text(0) : std::string();
}

}  // namespace tongjian::orders
