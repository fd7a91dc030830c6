// What a doctor's decision must say (domain/rules.md 3.6). Pure.
#pragma once

#include <string>
#include <vector>

#include "common/base/status.h"
#include "tongjian/exchange/v1/recognition.pb.h"

namespace tongjian::exchange {

// The decision as it is recorded: kind put right by verdict and reason code (ACCEPTED of what does not count is
// ACCEPTED_OVERRIDE; a decline with 98 or 99 is NOT_COUNTED). INVALID_ARGUMENT with REASON_REQUIRED where a decline lacks its code,
// words or reference, with INVALID_FIELD where it contradicts itself. `candidate`: the prompt's candidate that it is about.
absl::StatusOr<v1::Decision> Rule(const v1::Decision& wanted, const v1::Candidate& candidate);

bool IsAccepted(v1::DecisionKind kind);

}  // namespace tongjian::exchange
