#include "services/registry/fact_links.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/base/status.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/patient_news.h"
#include "services/registry/patient_store.h"
#include "services/registry/patient_words_store.h"

namespace tongjian::registry {
namespace {

bool HoldsAll(const Patient& patient, const std::vector<PatientIdentifier>& stated) {
  return std::all_of(stated.begin(), stated.end(), [&](const PatientIdentifier& number) {
    return std::any_of(patient.identifiers.begin(), patient.identifiers.end(),
                       [&](const PatientIdentifier& known) {
                         return known.type == number.type && known.value == number.value;
                       });
  });
}

absl::StatusOr<bool> Holds(store::Session& session, const std::string& patient_id,
                           const Statement& statement) {
  if (statement.identifiers.empty()) return true;
  TJ_ASSIGN_OR_RETURN(const auto patient,
                      FindPatient(session, security::Scope::Service(), patient_id));
  return patient && HoldsAll(*patient, statement.identifiers);
}

bool SameWords(const PatientFact& known, const Statement& said) {
  return known.facility_id == said.facility_id && known.name == said.name &&
         known.birth_date == said.birth_date;
}

// The fact it is whose through: an order's study that was there before it, a study's order.
absl::StatusOr<std::optional<PatientFact>> Through(store::Session& session,
                                                   const StatedFact& fact) {
  if (fact.kind == FactKind::kStudy) {
    if (fact.order_id.empty()) return std::nullopt;
    return FindFact(session, FactKind::kOrder, fact.order_id);
  }
  TJ_ASSIGN_OR_RETURN(auto study, FindStudyOfOrder(session, fact.id));
  if (study) return study;
  for (const std::string& uid : fact.study_uids) {
    TJ_ASSIGN_OR_RETURN(study, FindStudyByUid(session, fact.words.facility_id, uid));
    // The order made for a study says the study's own words.
    if (study && study->order_id.empty() && SameWords(*study, fact.words)) return study;
  }
  return std::nullopt;
}

PatientFact RowOf(const StatedFact& fact) {
  PatientFact row;
  row.kind = fact.kind;
  row.id = fact.id;
  row.facility_id = fact.words.facility_id;
  row.name = fact.words.name;
  row.birth_date = fact.words.birth_date;
  if (fact.kind == FactKind::kStudy) {
    row.order_id = fact.order_id;
    if (!fact.study_uids.empty()) row.study_uid = fact.study_uids.front();
  }
  return row;
}

// Says on the feed whose it is.
absl::Status Announce(store::Transaction& tx, const std::string& patient_id) {
  TJ_ASSIGN_OR_RETURN(const Patient patient,
                      RequirePatient(tx, security::Scope::Service(), patient_id));
  return AnnouncePatient(tx, events::v1::PATIENT_CHANGE_LINKED, patient);
}

}  // namespace

absl::Status FactLinks::Apply(store::Transaction& tx, const StatedFact& fact) const {
  const Statement& words = fact.words;
  if (words.facility_id.empty() || !NamesSomebody(words.number, words.name, words.birth_date)) {
    return absl::OkStatus();
  }
  return words.number.empty() ? ApplyUnnumbered(tx, fact) : ApplyNumbered(tx, fact);
}

absl::Status FactLinks::ApplyNumbered(store::Transaction& tx, const StatedFact& fact) const {
  const Statement& words = fact.words;
  TJ_TRY(DropFact(tx, fact.kind, fact.id));  // The number came later.
  TJ_ASSIGN_OR_RETURN(
      const auto known,
      FindWords(tx, {words.facility_id, words.number, words.name, words.birth_date}));
  if (known) {
    TJ_ASSIGN_OR_RETURN(const bool all, Holds(tx, *known, words));
    if (all) return absl::OkStatus();
  }
  return patients_.Resolve(tx, security::Scope::Service(), words).status();
}

absl::Status FactLinks::ApplyUnnumbered(store::Transaction& tx, const StatedFact& fact) const {
  TJ_ASSIGN_OR_RETURN(const auto known, FindFact(tx, fact.kind, fact.id));
  TJ_ASSIGN_OR_RETURN(const auto through, Through(tx, fact));
  PatientFact row = RowOf(fact);
  // A study follows its order; an order stays whose it is.
  const bool follows = through && (fact.kind == FactKind::kStudy || !known);
  const bool stays = known && SameWords(*known, fact.words) && known->order_id == row.order_id;
  if (follows) {
    row.patient_id = through->patient_id;
    row.current_id = through->current_id;
  } else if (stays || (known && known->order_id.empty() && !row.order_id.empty())) {
    // Also the study whose order is not known to be without a number.
    row.patient_id = known->patient_id;
    row.current_id = known->current_id;
  }
  if (!row.current_id.empty()) {
    TJ_ASSIGN_OR_RETURN(const bool all, Holds(tx, row.current_id, fact.words));
    if (!all) {
      TJ_ASSIGN_OR_RETURN(const Resolution learned,
                          patients_.ResolveFact(tx, fact.words, row.current_id));
      if (learned.patient.id != row.current_id) row.patient_id = learned.patient.id;
      row.current_id = learned.patient.id;
    }
  } else {
    TJ_ASSIGN_OR_RETURN(const Resolution made, patients_.ResolveFact(tx, fact.words, ""));
    row.patient_id = row.current_id = made.patient.id;
  }
  const bool moved = !known || known->current_id != row.current_id;
  if (!moved && known->patient_id == row.patient_id && stays) return absl::OkStatus();
  TJ_TRY(PutFact(tx, row));
  return moved ? Announce(tx, row.current_id) : absl::OkStatus();
}

}  // namespace tongjian::registry
