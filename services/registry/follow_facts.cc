#include "services/registry/follow_facts.h"

#include <algorithm>

#include "common/base/status.h"
#include "common/feed/change.h"
#include "common/security/scope.h"
#include "common/store/transaction.h"
#include "services/registry/patient_codec.h"
#include "services/registry/patient_store.h"
#include "services/registry/patient_words_store.h"
#include "tongjian/events/v1/events.pb.h"

namespace tongjian::registry {
namespace {

// Whether these very words were resolved before, with every number they name.
absl::StatusOr<bool> Known(store::Transaction& tx, const Statement& statement) {
  TJ_ASSIGN_OR_RETURN(const auto patient_id, FindWords(tx, {statement.facility_id, statement.number,
                                                            statement.name, statement.birth_date}));
  if (!patient_id) return false;
  if (statement.identifiers.empty()) return true;
  TJ_ASSIGN_OR_RETURN(const auto patient, FindPatient(tx, security::Scope::Service(), *patient_id));
  return patient &&
         std::all_of(
             statement.identifiers.begin(), statement.identifiers.end(), [&](const auto& number) {
               return std::any_of(patient->identifiers.begin(), patient->identifiers.end(),
                                  [&](const auto& known) {
                                    return known.type == number.type && known.value == number.value;
                                  });
             });
}

absl::Status Resolve(store::Transaction& tx, const Patients& patients,
                     const common::v1::PatientRef& words) {
  const bool somebody =
      NamesSomebody(words.facility_patient_id(), words.name(), words.birth_date());
  if (words.facility_id().empty() || !somebody) return absl::OkStatus();
  v1::ResolvePatientRequest request;
  *request.mutable_patient() = words;
  const Statement statement = Decode(request);
  TJ_ASSIGN_OR_RETURN(const bool known, Known(tx, statement));
  if (known) return absl::OkStatus();
  return patients.Resolve(tx, security::Scope::Service(), statement).status();
}

}  // namespace

std::unique_ptr<feed::Follower> FollowOrders(rpc::ChannelSource channel,
                                             const rpc::OutgoingIdentity& identity,
                                             const Patients& patients, store::Database& database,
                                             telemetry::Registry& metrics) {
  return std::make_unique<feed::Follower>(
      feed::FollowerOptions{.feed = "orders"}, std::move(channel), identity, database, metrics,
      [&patients](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
        const auto changed = feed::As<events::v1::OrderChanged>(event);
        return changed ? Resolve(tx, patients, changed->order().patient()) : absl::OkStatus();
      });
}

std::unique_ptr<feed::Follower> FollowImaging(rpc::ChannelSource channel,
                                              const rpc::OutgoingIdentity& identity,
                                              const Patients& patients, store::Database& database,
                                              telemetry::Registry& metrics) {
  return std::make_unique<feed::Follower>(
      feed::FollowerOptions{.feed = "imaging"}, std::move(channel), identity, database, metrics,
      [&patients](store::Transaction& tx, const events::v1::Event& event) -> absl::Status {
        const auto changed = feed::As<events::v1::StudyChanged>(event);
        return changed ? Resolve(tx, patients, changed->study().patient()) : absl::OkStatus();
      });
}

}  // namespace tongjian::registry
