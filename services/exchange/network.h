// How two sites stand to one another for an exam: communities, qualifications, marks and levels, as of the times that
// matter (domain/rules.md 3.3).
#pragma once

#include <string>

#include "absl/time/time.h"
#include "services/exchange/facts.h"
#include "services/exchange/recognition.h"

namespace tongjian::exchange {

struct Sites {
  std::string asking_facility_id;
  std::string performing_facility_id;
  std::string recognition_code;
  int discipline = 0;
  absl::Time performed;
  absl::Time now;
};

// `level_gate`: whether the province has one (Jiangsu 2022: 二级甲等 and above need not take what lower levels made).
Standing StandingOf(const Facts& facts, const Sites& sites, bool level_gate);

}  // namespace tongjian::exchange
