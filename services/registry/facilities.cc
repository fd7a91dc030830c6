#include "services/registry/facilities.h"

#include <functional>
#include <utility>

#include "common/base/status.h"
#include "common/store/transaction.h"
#include "services/registry/days.h"
#include "services/registry/facility.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

// Longer chains of parents or fallbacks than this are refused.
constexpr int kChainMax = 16;

std::vector<DatedName> NamesOf(const pb::Facility& facility) {
  std::vector<DatedName> names;
  for (const pb::FacilityName& name : facility.names())
    names.push_back({name.name(), name.from(), name.to()});
  return names;
}

void SetNames(const std::vector<DatedName>& names, pb::Facility* facility) {
  facility->clear_names();
  for (const DatedName& dated : names) {
    pb::FacilityName* name = facility->add_names();
    name->set_name(dated.name);
    name->set_from(dated.from);
    name->set_to(dated.to);
  }
}

void SetWarnings(pb::Facility* facility) {
  facility->clear_warnings();
  for (std::string& warning :
       NumberWarnings(facility->legal_entity_code(), facility->institution_code())) {
    facility->add_warnings(std::move(warning));
  }
}

// Follows `next` from `first`; INVALID_ARGUMENT on `field` when it comes to `id`.
template <class T>
absl::Status CheckNoCircle(store::Session& session, std::string_view id, std::string first,
                           std::string_view field,
                           const std::function<std::string(const T&)>& next) {
  for (int i = 0; !first.empty() && i < kChainMax; ++i) {
    if (first == id) return base::InvalidField(field, "it leads back to itself");
    TJ_ASSIGN_OR_RETURN(const T record, Directory::Get<T>(session, first));
    first = next(record);
  }
  if (!first.empty()) return base::InvalidField(field, "the chain is longer than 16");
  return absl::OkStatus();
}

absl::Status CheckParents(store::Session& session, const pb::Facility& facility) {
  return CheckNoCircle<pb::Facility>(
      session, facility.id(), facility.parent_facility_id(), "facility.parent_facility_id",
      [](const pb::Facility& above) { return above.parent_facility_id(); });
}

absl::Status CheckFallback(store::Session& session, const pb::Center& center) {
  if (center.fallback_center_id().empty()) return absl::OkStatus();
  TJ_ASSIGN_OR_RETURN(const auto fallback,
                      Directory::Get<pb::Center>(session, center.fallback_center_id()));
  if (fallback.discipline() != center.discipline()) {
    return base::InvalidField("center.fallback_center_id", "a fallback is of the same discipline");
  }
  return CheckNoCircle<pb::Center>(
      session, center.id(), center.fallback_center_id(), "center.fallback_center_id",
      [](const pb::Center& next) { return next.fallback_center_id(); });
}

}  // namespace

absl::StatusOr<v1::Facility> Facilities::Create(store::Transaction& tx,
                                                const security::Scope& scope,
                                                v1::Facility facility) const {
  if (facility.names().empty())
    SetNames(Renamed({}, "", facility.name(), DayOf(tx.Now())), &facility);
  SetWarnings(&facility);
  return directory_.Create(tx, scope, std::move(facility));
}

absl::StatusOr<v1::Facility> Facilities::Update(store::Transaction& tx,
                                                const security::Scope& scope,
                                                v1::Facility facility) const {
  TJ_ASSIGN_OR_RETURN(const auto before, Directory::Get<pb::Facility>(tx, facility.id()));
  TJ_TRY(CheckParents(tx, facility));
  // A caller that sends no names keeps them; one that sends a list has decided on it.
  const std::vector<DatedName> names = NamesOf(facility.names().empty() ? before : facility);
  SetNames(Renamed(names, before.name(), facility.name(), DayOf(tx.Now())), &facility);
  SetWarnings(&facility);
  return directory_.Replace(tx, scope, std::move(facility));
}

absl::StatusOr<v1::Center> Facilities::CreateCenter(store::Transaction& tx,
                                                    const security::Scope& scope,
                                                    const v1::Center& center) const {
  TJ_TRY(CheckFallback(tx, center));
  return directory_.Create(tx, scope, center);
}

absl::StatusOr<v1::Center> Facilities::UpdateCenter(store::Transaction& tx,
                                                    const security::Scope& scope,
                                                    const v1::Center& center) const {
  TJ_TRY(CheckFallback(tx, center));
  return directory_.Replace(tx, scope, center);
}

absl::StatusOr<v1::Agreement> Facilities::EndAgreement(store::Transaction& tx,
                                                       const security::Scope& scope,
                                                       std::string_view id,
                                                       std::string_view to) const {
  if (!IsDay(to)) return base::InvalidField("to", "a day is written YYYY-MM-DD");
  TJ_ASSIGN_OR_RETURN(auto agreement, Directory::Get<pb::Agreement>(tx, id));
  agreement.set_to(std::string(to));
  return directory_.Replace(tx, scope, std::move(agreement));
}

}  // namespace tongjian::registry
