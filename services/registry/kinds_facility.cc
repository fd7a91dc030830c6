// Facilities, communities, memberships.
#include "common/base/status.h"
#include "services/registry/days.h"
#include "services/registry/kinds.h"

namespace tongjian::registry {
namespace {

constexpr size_t kNameMax = 400;
constexpr size_t kCodeMax = 64;
constexpr int kNamesMax = 50;
constexpr int kPeriodsMax = 200;
constexpr int kAgreedCodesMax = 5000;
constexpr size_t kCountyDigits = 6;

}  // namespace

std::string Kind<pb::Facility>::Key(const pb::Facility& record) { return record.id(); }

absl::Status Kind<pb::Facility>::Check(const pb::Facility& record) {
  TJ_TRY(CheckRequired(record.name(), kNameMax, "facility.name"));
  if (record.names_size() > kNamesMax)
    return base::InvalidField("facility.names", "at most 50 names");
  for (const pb::FacilityName& name : record.names()) {
    TJ_TRY(CheckRequired(name.name(), kNameMax, "facility.names.name"));
    TJ_TRY(CheckSpan(name.from(), name.to(), "facility.names.from"));
  }
  TJ_TRY(CheckText(record.legal_entity_code(), kCodeMax, "facility.legal_entity_code"));
  TJ_TRY(CheckText(record.institution_code(), kCodeMax, "facility.institution_code"));
  TJ_TRY(CheckText(record.kind_code(), kCodeMax, "facility.kind_code"));
  TJ_TRY(CheckText(record.grade_code(), kCodeMax, "facility.grade_code"));
  TJ_TRY(CheckText(record.region_code(), kCodeMax, "facility.region_code"));
  if (record.population() < 0)
    return base::InvalidField("facility.population", "must not be negative");
  if (!pb::FacilityLevel_IsValid(record.level()))
    return base::InvalidField("facility.level", "not a known value");
  if (!record.id().empty() && record.parent_facility_id() == record.id()) {
    return base::InvalidField("facility.parent_facility_id", "a facility is not above itself");
  }
  return absl::OkStatus();
}

// The facility is its own: a writer with a facility's scope may correct its own facility.
RecordIndex Kind<pb::Facility>::Index(const pb::Facility& record) {
  RecordIndex index{record.id(), {}, {}};
  if (!record.parent_facility_id().empty())
    index.groups.push_back(ByParent(record.parent_facility_id()));
  return index;
}

std::vector<Reference> Kind<pb::Facility>::References(const pb::Facility& record) {
  return {{"facility", record.parent_facility_id(), "facility.parent_facility_id"}};
}

events::v1::FacilityChanged Kind<pb::Facility>::Announce(const pb::Facility& record) {
  Changed changed;
  *changed.mutable_facility() = record;
  return changed;
}

std::string Kind<pb::Community>::Key(const pb::Community& record) { return record.id(); }

absl::Status Kind<pb::Community>::Check(const pb::Community& record) {
  TJ_TRY(CheckRequired(record.name(), kNameMax, "community.name"));
  TJ_TRY(CheckRequired(record.lead_facility_id(), kCodeMax, "community.lead_facility_id"));
  TJ_TRY(CheckText(record.region_code(), kCodeMax, "community.region_code"));
  if (record.kind() == pb::COMMUNITY_KIND_UNSPECIFIED ||
      !pb::CommunityKind_IsValid(record.kind())) {
    return base::InvalidField("community.kind", "one of the four kinds");
  }
  if (record.binding() == pb::BINDING_UNSPECIFIED || !pb::Binding_IsValid(record.binding())) {
    return base::InvalidField("community.binding", "tight or loose");
  }
  return absl::OkStatus();
}

RecordIndex Kind<pb::Community>::Index(const pb::Community& record) {
  RecordIndex index;
  if (record.kind() == pb::COMMUNITY_KIND_COUNTY_COMMUNITY &&
      record.region_code().size() >= kCountyDigits) {
    index.groups.push_back(ByCounty(record.region_code().substr(0, kCountyDigits)));
  }
  return index;
}

std::vector<Reference> Kind<pb::Community>::References(const pb::Community& record) {
  return {{"facility", record.lead_facility_id(), "community.lead_facility_id"}};
}

events::v1::CommunityChanged Kind<pb::Community>::Announce(const pb::Community& record) {
  Changed changed;
  *changed.mutable_community() = record;
  return changed;
}

std::string Kind<pb::Membership>::Key(const pb::Membership& record) { return record.id(); }

absl::Status Kind<pb::Membership>::Check(const pb::Membership& record) {
  TJ_TRY(CheckRequired(record.community_id(), kCodeMax, "membership.community_id"));
  TJ_TRY(CheckRequired(record.facility_id(), kCodeMax, "membership.facility_id"));
  TJ_TRY(CheckText(record.charter(), kNameMax, "membership.charter"));
  if (record.role() == pb::MEMBERSHIP_ROLE_UNSPECIFIED ||
      !pb::MembershipRole_IsValid(record.role())) {
    return base::InvalidField("membership.role", "lead, branch or member");
  }
  if (record.periods_size() > kPeriodsMax)
    return base::InvalidField("membership.periods", "at most 200 periods");
  if (record.agreed_recognition_codes_size() > kAgreedCodesMax) {
    return base::InvalidField("membership.agreed_recognition_codes", "at most 5000 codes");
  }
  for (const std::string& code : record.agreed_recognition_codes()) {
    TJ_TRY(CheckRequired(code, kCodeMax, "membership.agreed_recognition_codes"));
  }
  return absl::OkStatus();
}

// A facility is once in a community: only who has exited may apply again.
RecordIndex Kind<pb::Membership>::Index(const pb::Membership& record) {
  RecordIndex index{record.facility_id(),
                    {ByCommunity(record.community_id()), ByFacility(record.facility_id()),
                     ByCommunityAndFacility(record.community_id(), record.facility_id())},
                    {}};
  const bool exited =
      record.periods_size() > 0 &&
      record.periods(record.periods_size() - 1).state() == pb::MEMBERSHIP_STATE_EXITED;
  if (!exited)
    index.uniques.push_back(ByCommunityAndFacility(record.community_id(), record.facility_id()));
  return index;
}

std::vector<Reference> Kind<pb::Membership>::References(const pb::Membership& record) {
  return {{"community", record.community_id(), "membership.community_id"},
          {"facility", record.facility_id(), "membership.facility_id"}};
}

events::v1::MembershipChanged Kind<pb::Membership>::Announce(const pb::Membership& record) {
  Changed changed;
  *changed.mutable_membership() = record;
  return changed;
}

}  // namespace tongjian::registry
