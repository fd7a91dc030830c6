#include "services/exchange/prompt_store.h"

namespace tongjian::exchange {
namespace {

constexpr char kColumns[] =
    "id, facility_id, visit_key, patient_facility_id, facility_patient_id, patient_name, patient_birth_date, "
    "patient_id, recognition_code, encounter, counted, decision_id, ignore_at, record";

absl::StatusOr<Prompt> PromptOf(const store::Row& row) {
  Prompt prompt = {.id = row.Text(0),
                   .facility_id = row.Text(1),
                   .visit_key = row.Text(2),
                   .words = {row.Text(3), row.Text(4), row.Text(5), row.Text(6)},
                   .patient_id = row.Text(7),
                   .recognition_code = row.Text(8),
                   .encounter = row.Text(9),
                   .counted = row.Bool(10),
                   .decision_id = row.Text(11)};
  if (row.Int(12) > 0) prompt.ignore_at = row.Time(12);
  if (!prompt.verdict.ParseFromString(row.Bytes(13))) return absl::DataLossError("a prompt's record is damaged");
  return prompt;
}

}  // namespace

absl::Status PromptStore::Put(store::Transaction& tx, const Prompt& prompt) {
  return tx
      .Execute("insert into prompt (id, facility_id, visit_key, patient_facility_id, facility_patient_id, patient_name, "
               "patient_birth_date, patient_id, recognition_code, encounter, counted, decision_id, ignore_at, created, "
               "record) values (:id, :facility, :visit, :pf, :fp, :name, :birth, :patient, :code, :encounter, :counted, "
               ":decision, :ignore, :created, :record) on conflict (id) do update set counted = excluded.counted, "
               "decision_id = excluded.decision_id, ignore_at = excluded.ignore_at, record = excluded.record",
               prompt.id, prompt.facility_id, prompt.visit_key, prompt.words.facility_id,
               prompt.words.facility_patient_id, prompt.words.name, prompt.words.birth_date, prompt.patient_id,
               prompt.recognition_code, prompt.encounter, prompt.counted, prompt.decision_id,
               prompt.ignore_at ? absl::ToUnixMicros(*prompt.ignore_at) : int64_t{0}, tx.Now(),
               store::Bytes(prompt.verdict.SerializeAsString()))
      .status();
}

absl::StatusOr<Prompt> PromptStore::Find(store::Session& session, const security::Scope& scope,
                                         const std::string& id) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOne(std::string("select ") + kColumns + " from prompt where id = :id", id));
  if (!row || !scope.Contains(row->Text(1))) return base::NotFound("prompt " + id);
  return PromptOf(*row);
}

absl::StatusOr<std::optional<Prompt>> PromptStore::FindByVisit(store::Session& session, const security::Scope& scope,
                                                               const std::string& facility_id,
                                                               const std::string& visit_key) {
  TJ_ASSIGN_OR_RETURN(const std::optional<store::Row> row,
                      session.QueryOne(std::string("select ") + kColumns +
                                           " from prompt where facility_id = :facility and visit_key = :visit",
                                       facility_id, visit_key));
  if (!row || !scope.Contains(facility_id)) return std::optional<Prompt>();
  TJ_ASSIGN_OR_RETURN(Prompt prompt, PromptOf(*row));
  return std::optional<Prompt>(std::move(prompt));
}

absl::StatusOr<std::vector<std::string>> PromptStore::Overdue(store::Session& session, const security::Scope& scope,
                                                              absl::Time now, int64_t limit) {
  if (!scope.all()) return base::NotFound("timer");
  TJ_ASSIGN_OR_RETURN(const std::vector<store::Row> rows,
                      session.Query("select id from prompt where ignore_at > 0 and ignore_at <= :now order by "
                                    "ignore_at, id limit :limit",
                                    now, limit));
  std::vector<std::string> ids;
  for (const store::Row& row : rows) ids.push_back(row.Text(0));
  return ids;
}

absl::Status PromptStore::Relink(store::Transaction& tx, const Words& words, const std::string& patient_id) {
  constexpr char kOfWords[] =
      "patient_facility_id = :f and facility_patient_id = :p and patient_name = :n and patient_birth_date = :b";
  TJ_TRY(tx.Execute(std::string("update decision set patient_id = :patient where patient_id <> :patient and prompt_id "
                                "in (select id from prompt where ") +
                        kOfWords + ")",
                    patient_id, words.facility_id, words.facility_patient_id, words.name, words.birth_date)
             .status());
  return tx
      .Execute(std::string("update prompt set patient_id = :patient where patient_id <> :patient and ") + kOfWords,
               patient_id, words.facility_id, words.facility_patient_id, words.name, words.birth_date)
      .status();
}

}  // namespace tongjian::exchange
