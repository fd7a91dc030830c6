#include "services/registry/signing_right.h"

#include <set>

#include "common/base/status.h"
#include "services/registry/account_store.h"
#include "services/registry/directory.h"
#include "services/registry/kinds.h"
#include "services/registry/membership_codec.h"

namespace tongjian::registry {
namespace {

static_assert(static_cast<int>(Discipline::kImaging) == common::v1::DISCIPLINE_IMAGING);
static_assert(static_cast<int>(Discipline::kEcg) == common::v1::DISCIPLINE_ECG);
static_assert(static_cast<int>(Discipline::kLaboratory) == common::v1::DISCIPLINE_LABORATORY);
static_assert(static_cast<int>(Discipline::kPathology) == common::v1::DISCIPLINE_PATHOLOGY);

// A facility is in few communities and has few agreements; more than this of either is refused.
constexpr int64_t kRelationsMax = 1000;

License LicenseOf(const pb::License& record) {
  License license{record.number(),      record.type(), {},
                  record.facility_id(), record.from(), record.to()};
  for (const int discipline : record.disciplines())
    license.disciplines.push_back(static_cast<Discipline>(discipline));
  return license;
}

absl::StatusOr<Workplace> WorkplaceOf(store::Session& session, const std::string& facility_id) {
  TJ_ASSIGN_OR_RETURN(const auto facility, Directory::Get<pb::Facility>(session, facility_id));
  return Workplace{facility.id(), facility.legal_entity_code()};
}

template <class T>
absl::StatusOr<std::vector<T>> RelationsOf(store::Session& session,
                                           const std::string& facility_id) {
  TJ_ASSIGN_OR_RETURN(auto records,
                      Directory::List<T>(session, ByFacility(facility_id), "", kRelationsMax + 1));
  if (records.size() > kRelationsMax)
    return absl::ResourceExhaustedError("a facility has more than 1000 relations");
  return records;
}

absl::Status AddBelongings(store::Session& session, const std::string& facility_id,
                           EntitlementFacts* facts) {
  TJ_ASSIGN_OR_RETURN(const auto memberships, RelationsOf<pb::Membership>(session, facility_id));
  for (const pb::Membership& membership : memberships) {
    facts->belongings.push_back(
        {membership.community_id(), membership.facility_id(), HistoryOf(membership)});
  }
  return absl::OkStatus();
}

absl::Status AddAgreements(store::Session& session, const std::string& facility_id,
                           EntitlementFacts* facts) {
  TJ_ASSIGN_OR_RETURN(const auto agreements, RelationsOf<pb::Agreement>(session, facility_id));
  for (const pb::Agreement& record : agreements) {
    facts->agreements.push_back(
        {record.id(), record.requesting_facility_id(), record.reading_facility_id(),
         static_cast<Discipline>(record.discipline()), record.from(), record.to()});
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Entitlement> CheckSigningRight(store::Session& session,
                                              const std::string& practitioner_id,
                                              const std::string& requesting_facility_id,
                                              Discipline discipline, absl::Time time) {
  TJ_ASSIGN_OR_RETURN(const auto practitioner,
                      Directory::Get<pb::Practitioner>(session, practitioner_id));
  EntitlementFacts facts;
  // A token that was given out before the account was closed must not sign any more.
  TJ_ASSIGN_OR_RETURN(const bool closed, OnlyClosedAccounts(session, practitioner_id));
  facts.practitioner_active = practitioner.active() && !closed;
  std::set<std::string> workplaces(practitioner.facility_ids().begin(),
                                   practitioner.facility_ids().end());
  for (const pb::License& license : practitioner.licenses()) {
    facts.licenses.push_back(LicenseOf(license));
    if (!license.facility_id().empty()) workplaces.insert(license.facility_id());
  }
  for (const std::string& facility_id : workplaces) {
    TJ_ASSIGN_OR_RETURN(facts.workplaces.emplace_back(), WorkplaceOf(session, facility_id));
    TJ_TRY(AddBelongings(session, facility_id, &facts));
  }
  TJ_ASSIGN_OR_RETURN(facts.requesting, WorkplaceOf(session, requesting_facility_id));
  TJ_TRY(AddBelongings(session, requesting_facility_id, &facts));
  TJ_TRY(AddAgreements(session, requesting_facility_id, &facts));
  return Decide(facts, discipline, time);
}

}  // namespace tongjian::registry
