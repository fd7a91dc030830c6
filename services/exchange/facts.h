// What recognition needs to know of the registry. Plain values.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::exchange {

struct FacilityFact {
  std::string id;
  std::string name;
  std::string region_code;  // GB/T 2260
  std::string grade_code;
};

struct CommunityFact {
  std::string id;
  std::string name;
  bool tight = false;
};

struct Span {
  absl::Time from = absl::InfinitePast();
  absl::Time to = absl::InfiniteFuture();  // Excluded.
  bool Holds(absl::Time time) const { return from <= time && time < to; }
};

struct MembershipFact {
  std::string community_id;
  std::vector<Span> active;
  std::vector<std::string> agreed_codes;
};

struct QualificationFact {
  std::string recognition_code;  // Empty: all of the discipline.
  int discipline = 0;
  bool suspended = false;
  bool national = false;
  bool community_only = false;
  std::vector<std::string> region_codes;
  std::string from;  // YYYY-MM-DD
  std::string to;    // Empty: open.
};

struct PriceFact {
  std::string facility_id;  // Empty: the region's list.
  int64_t fen = 0;
  std::string from;
  std::string price_id;
};

struct ItemFact {
  std::string id;
  std::string name;
  int discipline = 0;
  std::string recognition_code;
  std::string modality;
  std::string body_part;
  std::string laterality;
  bool contrast = false;
  std::string method;
  int window_days = 0;
  bool in_catalog = false;
  std::vector<PriceFact> prices;
};

// One moment's copy of the registry.
struct Facts {
  absl::TimeZone zone = absl::UTCTimeZone();
  std::map<std::string, FacilityFact, std::less<>> facilities;
  std::map<std::string, CommunityFact, std::less<>> communities;
  std::multimap<std::string, MembershipFact, std::less<>> memberships;        // By facility.
  std::multimap<std::string, QualificationFact, std::less<>> qualifications;  // By facility.
  std::map<std::string, ItemFact, std::less<>> items;
  std::multimap<std::string, std::string, std::less<>> items_by_code;  // Recognition code -> item.
  std::map<std::pair<std::string, std::string>, std::string> local_codes;  // Facility, code -> item.

  // Null where the registry has none.
  const ItemFact* ItemById(const std::string& id) const;
  // Of several with that code the one of this body part, else the first.
  const ItemFact* ItemByCode(const std::string& code, const std::string& body_part) const;
  const ItemFact* ItemByLocalCode(const std::string& facility_id, const std::string& code) const;
};

// The price at `facility_id` on a day of the hub's zone: the facility's own before the region's. Null where there is none.
const PriceFact* PriceOn(const ItemFact& item, const std::string& facility_id, absl::Time time, absl::TimeZone zone);

}  // namespace tongjian::exchange
