// The kinds of records in the directory: what each is called, checked for, listed by, and how it is
// announced.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "services/registry/record_store.h"
#include "tongjian/events/v1/events.pb.h"
#include "tongjian/registry/v1/center.pb.h"
#include "tongjian/registry/v1/community.pb.h"
#include "tongjian/registry/v1/facility.pb.h"
#include "tongjian/registry/v1/patient.pb.h"
#include "tongjian/registry/v1/practitioner.pb.h"

namespace tongjian::registry {

namespace pb = tongjian::registry::v1;

// A record that must be there for another to name it.
struct Reference {
  std::string_view kind;
  std::string id;     // Empty: names none.
  std::string field;  // Of the request, for the error.
};

// Kind<T>: kName; Key (the id, for some made of several fields); Check (limits and form, nothing of
// other records); Index; References; Announce (puts the record into its event).
template <class T>
struct Kind;

#define TJ_REGISTRY_KIND(Type, name, ChangedType)                     \
  template <>                                                         \
  struct Kind<pb::Type> {                                             \
    using Changed = events::v1::ChangedType;                          \
    static constexpr std::string_view kName = name;                   \
    static std::string Key(const pb::Type& record);                   \
    static absl::Status Check(const pb::Type& record);                \
    static RecordIndex Index(const pb::Type& record);                 \
    static std::vector<Reference> References(const pb::Type& record); \
    static Changed Announce(const pb::Type& record);                  \
  }

TJ_REGISTRY_KIND(Facility, "facility", FacilityChanged);
TJ_REGISTRY_KIND(Community, "community", CommunityChanged);
TJ_REGISTRY_KIND(Membership, "membership", MembershipChanged);
TJ_REGISTRY_KIND(Center, "center", CenterChanged);
TJ_REGISTRY_KIND(Agreement, "agreement", AgreementChanged);
TJ_REGISTRY_KIND(ReadingPolicy, "reading_policy", ReadingPolicyChanged);
TJ_REGISTRY_KIND(TurnaroundTarget, "turnaround_target", TurnaroundTargetChanged);
TJ_REGISTRY_KIND(CalendarDays, "calendar", CalendarChanged);
TJ_REGISTRY_KIND(Practitioner, "practitioner", PractitionerChanged);
TJ_REGISTRY_KIND(Device, "device", DeviceChanged);
TJ_REGISTRY_KIND(Item, "item", ItemChanged);
TJ_REGISTRY_KIND(Qualification, "qualification", QualificationChanged);

#undef TJ_REGISTRY_KIND

// The groups and unique keys that records are found by.
std::string ByFacility(std::string_view facility_id);
std::string ByParent(std::string_view facility_id);
std::string ByCommunity(std::string_view community_id);
std::string ByCommunityAndFacility(std::string_view community_id, std::string_view facility_id);
std::string ByCounty(
    std::string_view region_code);  // County communities of the county (6 digits of GB/T 2260).
std::string ByDiscipline(int discipline);
std::string ByRecognitionCode(std::string_view code);
std::string ByLocalCode(std::string_view facility_id, std::string_view code);    // Unique.
std::string ByAeTitle(std::string_view facility_id, std::string_view ae_title);  // Unique.

// The one calendar of a hub.
inline constexpr std::string_view kCalendarId = "calendar";

// INVALID_ARGUMENT on `field` when the text is longer than `bytes_max`, or empty where it must not
// be.
absl::Status CheckText(std::string_view text, size_t bytes_max, std::string_view field);
absl::Status CheckRequired(std::string_view text, size_t bytes_max, std::string_view field);

}  // namespace tongjian::registry
