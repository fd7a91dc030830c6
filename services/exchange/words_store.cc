#include "services/exchange/words_store.h"

#include <algorithm>
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
      .Execute("insert into patient (id, verified, verified_since, documents) values (:id, :verified, :since, :documents) "
               "on conflict (id) do update set verified_since = case when patient.verified = 1 and excluded.verified = 1 "
               "then patient.verified_since else excluded.verified_since end, verified = excluded.verified, documents = "
               "excluded.documents",
               patient_id, now.verified, now.since, store::Bytes(now.documents.SerializeAsString()))
      .status();
}

absl::StatusOr<Verification> VerificationOf(store::Session& session, const std::string& patient_id) {
  Verification found;
  if (patient_id.empty()) return found;
  TJ_ASSIGN_OR_RETURN(
      const std::optional<store::Row> row,
      session.QueryOne("select verified, verified_since, documents from patient where id = :id", patient_id));
  if (!row) return found;
  found.verified = row->Bool(0);
  found.since = row->Time(1);
  if (!found.documents.ParseFromString(row->Bytes(2))) return absl::DataLossError("a patient's documents are damaged");
  return found;
}

bool SurelyOf(const common::v1::PatientRef& words, absl::Time said, const Verification& patient) {
  if (!words.facility_patient_id().empty()) return true;
  if (!patient.verified) return false;
  if (said <= patient.since) return true;
  const auto& documents = patient.documents.identifiers();
  return std::any_of(words.identifiers().begin(), words.identifiers().end(), [&](const auto& stated) {
    return std::any_of(documents.begin(), documents.end(), [&](const auto& document) {
      return stated.type() == document.type() && stated.value() == document.value();
    });
  });
}

}  // namespace tongjian::exchange
