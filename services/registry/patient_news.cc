#include "services/registry/patient_news.h"

#include <set>
#include <string>
#include <utility>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/patient_codec.h"
#include "services/registry/patient_fact_store.h"
#include "services/registry/patient_store.h"
#include "services/registry/patient_words_store.h"
#include "tongjian/registry/v1/patient.pb.h"

namespace tongjian::registry {
namespace {

constexpr std::string_view kStream = "registry";

}  // namespace

absl::StatusOr<Patient> RequirePatient(store::Session& session, const security::Scope& scope,
                                       std::string_view id) {
  TJ_ASSIGN_OR_RETURN(auto patient, FindPatient(session, scope, id));
  if (!patient) return base::NotFound("patient");
  return *std::move(patient);
}

absl::StatusOr<Patient> Survivor(store::Session& session, std::string_view id) {
  TJ_ASSIGN_OR_RETURN(Patient patient, RequirePatient(session, security::Scope::Service(), id));
  // No circle: a merged one is neither source nor target of a merge.
  while (patient.state == PatientState::kMerged) {
    TJ_ASSIGN_OR_RETURN(
        patient, RequirePatient(session, security::Scope::Service(), patient.merged_into_id));
  }
  return patient;
}

absl::Status AnnouncePatient(store::Transaction& tx, events::v1::PatientChange change,
                             const Patient& patient) {
  events::v1::PatientChanged changed;
  TJ_ASSIGN_OR_RETURN(const auto all_words, WordsFor(tx, patient.id));
  for (const FactWords& words : all_words) {
    if (words.number.empty()) continue;  // They could be somebody else's: facts are named.
    events::v1::PatientLink* link = changed.add_links();
    link->set_facility_id(words.facility_id);
    link->set_facility_patient_id(words.number);
    link->set_name(words.name);
    link->set_birth_date(words.birth_date);
  }
  TJ_ASSIGN_OR_RETURN(const auto facts, FactsFor(tx, patient.id));
  for (const PatientFact& fact : facts) {
    events::v1::PatientLink* link = changed.add_links();
    link->set_facility_id(fact.facility_id);
    link->set_name(fact.name);
    link->set_birth_date(fact.birth_date);
    (fact.kind == FactKind::kOrder ? *link->mutable_order_id() : *link->mutable_study_id()) =
        fact.id;
  }
  changed.set_change(change);
  *changed.mutable_patient() = Encode(patient, security::Scope::Service());
  std::set<std::string> audience;
  for (const PatientIdentifier& identifier : patient.identifiers)
    audience.insert(identifier.assigner_facility_id);
  audience.erase("");
  tx.Emit(feed::MakeEvent(kStream, patient.id, {audience.begin(), audience.end()}, changed));
  return absl::OkStatus();
}

absl::StatusOr<Patient> SavePatient(store::Transaction& tx, const Patient& patient,
                                    events::v1::PatientChange change) {
  TJ_TRY(UpdatePatient(tx, patient));
  TJ_ASSIGN_OR_RETURN(const Patient saved,
                      RequirePatient(tx, security::Scope::Service(), patient.id));
  TJ_TRY(AnnouncePatient(tx, change, saved));
  return saved;
}

}  // namespace tongjian::registry
