// What routing and deadlines need to know of the registry, as plain values.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "services/orders/order.h"

namespace tongjian::orders {

struct FacilityFact {
  std::string id;
  std::string name;
  std::string parent_facility_id;
  int level = 0;  // tongjian.registry.v1.FacilityLevel
};

// When a membership was active; open at the end while it is.
struct ActivePeriod {
  absl::Time from;
  absl::Time to = absl::InfiniteFuture();
};

struct MembershipFact {
  std::string community_id;
  std::string facility_id;
  bool lead = false;
  std::vector<ActivePeriod> active;
};

struct OpeningHours {
  int weekday = 0;  // 1 Monday to 7 Sunday.
  int open_minute = 0;
  int close_minute = 0;
};

struct CenterFact {
  std::string id;
  std::string name;
  Discipline discipline = Discipline::kNone;
  std::string host_facility_id;
  std::vector<std::string> community_ids;
  std::vector<OpeningHours> hours;  // None: always open.
  std::string fallback_center_id;
  int load_limit = 0;  // 0: none.
  bool active = true;
  std::vector<std::string> recognition_codes;  // None: all of its discipline.
};

struct AgreementFact {
  std::string requesting_facility_id;
  std::string reading_facility_id;
  Discipline discipline = Discipline::kNone;
  std::string from;  // YYYY-MM-DD, or empty.
  std::string to;
};

struct PolicyFact {
  std::string facility_id;
  Discipline discipline = Discipline::kNone;
  std::string item_id;  // Empty: the discipline's rule.
  ReadingMode mode = ReadingMode::kHubReads;
  int signers = 1;
};

struct TargetFact {
  std::string center_id;
  Discipline discipline = Discipline::kNone;
  std::string modality;
  std::string body_part;
  int facility_level = 0;
  Priority priority = Priority::kNone;
  PatientClass patient_class = PatientClass::kNone;
  int target = 0;
  TurnaroundUnit unit = TurnaroundUnit::kMinutes;
  TurnaroundStart start = TurnaroundStart::kAcquired;
  std::string source;
};

struct PriceFact {
  std::string facility_id;  // Empty: the region's list.
  int64_t fen = 0;
  std::string from;
};

struct ItemFact {
  std::string id;
  std::string name;
  Discipline discipline = Discipline::kNone;
  std::string recognition_code;
  std::string modality;
  std::string body_part;
  std::string laterality;
  std::vector<PriceFact> prices;
  bool active = true;
};

struct DeviceFact {
  std::string id;
  std::string facility_id;
  std::string ae_title;
  std::string address;
  std::string charset;
  std::string modality;
};

// The working calendar: Monday to Friday, less holidays, plus make-up days.
struct CalendarFact {
  std::set<std::string> holidays;  // YYYY-MM-DD
  std::set<std::string> workdays;
  int open_minute = 8 * 60;
  int close_minute = 17 * 60;
};

// One moment's copy; never changed once it is shared.
struct Facts {
  absl::TimeZone zone = absl::FixedTimeZone(8 * 3600);
  std::map<std::string, FacilityFact, std::less<>> facilities;
  std::multimap<std::string, MembershipFact, std::less<>> memberships;  // By facility.
  std::map<std::string, CenterFact, std::less<>> centers;
  std::vector<AgreementFact> agreements;
  std::vector<PolicyFact> policies;
  std::vector<TargetFact> targets;
  std::map<std::string, ItemFact, std::less<>> items;
  std::map<std::pair<std::string, std::string>, std::string>
      local_codes;                                              // (facility, code) to item id.
  std::multimap<std::string, DeviceFact, std::less<>> devices;  // By AE title, active ones.
  CalendarFact calendar;

  const CenterFact* Center(std::string_view id) const;
  const ItemFact* Item(std::string_view facility_id, const std::string& item_id,
                       const std::string& local_code) const;
  std::string FacilityName(std::string_view id) const;
  // The facility and those above it, nearest first: a village clinic's township is a member for it.
  std::vector<std::string> Ancestry(std::string_view facility_id) const;
  // The communities of which the facility, or one above it, is an active member at `time`.
  std::set<std::string> Communities(std::string_view facility_id, absl::Time time) const;
  // The lead of one of them, or empty.
  std::string Lead(std::string_view facility_id, absl::Time time) const;
};

// YYYY-MM-DD in the hub's zone.
std::string DayOf(absl::Time time, absl::TimeZone zone);

// Fills what the catalog knows of the order's items: recognition code, name, modality, body part,
// laterality, the price of the day, the order's discipline. Codes it does not know stay as they
// are. INVALID_ARGUMENT where items are of several disciplines.
absl::Status ResolveItems(const Facts& facts, absl::Time time, Order& order);
// The discipline a modality stands for: ECG, slide microscopy is pathology, else imaging.
Discipline DisciplineOf(std::string_view modality);

}  // namespace tongjian::orders
