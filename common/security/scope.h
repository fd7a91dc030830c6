// Whose rows a caller may see and change.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "common/security/caller.h"

namespace tongjian::security {

// The facilities whose rows a call may reach, made by the door and taken by every store query.
// There is no scope by default: a query without one does not compile. A plain value.
class Scope {
 public:
  // A service's own work: feeds, timers, and calls from another service.
  static Scope Service();
  // Every facility, with the reason the trail shows (supervision, operation, audit, an emergency).
  static Scope Everything(std::string_view reason, Purpose purpose = Purpose::kUnspecified);
  // These facilities alone; empty ids are dropped, and no id at all is no row at all.
  static Scope Facilities(std::vector<std::string> ids, Purpose purpose = Purpose::kTreatment);
  static Scope Nothing();

  // This scope and one facility more, as when the door is told of an agreement.
  Scope With(std::string_view facility_id) const;
  // The same rows, for another purpose.
  Scope For(Purpose purpose) const;

  // True: no filter. Otherwise filter by facilities(), sorted and unique; an empty list matches
  // nothing.
  bool all() const { return all_; }
  const std::vector<std::string>& facilities() const { return facilities_; }
  // Whether a row that belongs to any of these facilities (ordering site, performing center...) is
  // within.
  bool Contains(std::string_view facility_id) const;
  bool ContainsAny(std::initializer_list<std::string_view> facility_ids) const;
  Purpose purpose() const { return purpose_; }
  const std::string& reason() const { return reason_; }

 private:
  Scope(bool all, std::vector<std::string> facilities, Purpose purpose, std::string_view reason);

  bool all_;
  std::vector<std::string> facilities_;
  Purpose purpose_;
  std::string reason_;
};

}  // namespace tongjian::security
