// Which facilities read for which, as far as what nobody's order claims has to be seen by somebody.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::imaging {

// The numbers are those of common.v1.Discipline.
inline constexpr int64_t kImagingDiscipline = 1;
inline constexpr int64_t kEcgDiscipline = 2;
inline constexpr int64_t kPathologyDiscipline = 4;

struct CenterPlace {
  std::string id;
  std::string host_facility_id;
  std::vector<std::string> community_ids;
  int64_t discipline = 0;
  bool active = false;
};

// Active from `from` to before `to`.
struct Period {
  absl::Time from;
  absl::Time to = absl::InfiniteFuture();
};

struct MemberPlace {
  std::string id;
  std::string community_id;
  std::string facility_id;
  std::vector<Period> active;
};

struct AgreementPlace {
  std::string id;
  std::string requesting_facility_id;
  std::string reading_facility_id;
  int64_t discipline = 0;  // 0: all.
  std::string from;        // YYYY-MM-DD, or empty.
  std::string to;
};

// A copy of the registry's, filled by its feed. Safe for concurrent use.
class Serving {
 public:
  void SetCenter(const CenterPlace& center);
  void SetMember(const MemberPlace& member);
  void SetAgreement(const AgreementPlace& agreement);

  // The hosts of the active centers of a community of which one of `ancestry` (a facility and those
  // above it) is an active member now, and those who read for one of them by an agreement of today;
  // of the disciplines of `modalities` (none: of all). Sorted, each once.
  std::vector<std::string> ReadersOf(const std::vector<std::string>& ancestry,
                                     const std::vector<std::string>& modalities,
                                     absl::Time now) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, CenterPlace, std::less<>> centers_;
  std::map<std::string, MemberPlace, std::less<>> members_;
  std::map<std::string, AgreementPlace, std::less<>> agreements_;
};

}  // namespace tongjian::imaging
