#include "services/registry/patient_words_store.h"

#include "common/base/status.h"
#include "common/store/transaction.h"

namespace tongjian::registry {
namespace {

constexpr int64_t kWordsMax = 10'000;

}  // namespace

absl::StatusOr<std::optional<std::string>> FindWords(store::Session& session,
                                                     const FactWords& words) {
  TJ_ASSIGN_OR_RETURN(
      const auto row,
      session.QueryOne("select current_id from patient_words where facility_id = :facility"
                       " and number = :number and name = :name and birth_date = :birth",
                       words.facility_id, words.number, words.name, words.birth_date));
  return row ? std::optional(row->Text(0)) : std::nullopt;
}

absl::StatusOr<bool> RememberWords(store::Transaction& tx, const FactWords& words,
                                   std::string_view patient_id) {
  TJ_ASSIGN_OR_RETURN(const auto known, FindWords(tx, words));
  if (known == patient_id) return false;
  TJ_TRY(tx.Execute(
               "insert into patient_words (facility_id, number, name, birth_date, patient_id, "
               "current_id)"
               " values (:facility, :number, :name, :birth, :patient, :patient)"
               " on conflict (facility_id, number, name, birth_date)"
               " do update set patient_id = excluded.patient_id, current_id = excluded.current_id",
               words.facility_id, words.number, words.name, words.birth_date, patient_id)
             .status());
  return true;
}

absl::StatusOr<std::vector<FactWords>> WordsFor(store::Session& session,
                                                std::string_view patient_id) {
  TJ_ASSIGN_OR_RETURN(
      const auto rows,
      session.Query("select facility_id, number, name, birth_date from patient_words"
                    " where current_id = :patient order by facility_id, number, name, birth_date"
                    " limit :limit",
                    patient_id, kWordsMax));
  std::vector<FactWords> words;
  for (const store::Row& row : rows)
    words.push_back({row.Text(0), row.Text(1), row.Text(2), row.Text(3)});
  return words;
}

}  // namespace tongjian::registry
