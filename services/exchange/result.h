// A published result and what may happen to it. Pure functions over the contract's own message, which is also what is kept.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "common/base/status.h"
#include "tongjian/exchange/v1/result.pb.h"

namespace tongjian::exchange {

// The source of what our own centers conclude.
inline constexpr char kOwnSource[] = "tongjian";

// Whether it is a conclusion to rely on now.
bool IsFinal(const v1::Result& result);
bool IsFinal(v1::ResultState state);

// The facilities it names, each once.
std::vector<std::string> FacilitiesOf(const v1::Result& result);

// Adds `version` behind the others, numbers it and moves the state. Documents of versions before are dropped where the
// whole would become too large to be sent: they remain at their source.
void Append(v1::Result& result, v1::ResultVersion version, absl::Time now);

// The last version of that source version, or null.
const v1::ResultVersion* FindSourceVersion(const v1::Result& result, std::string_view source_version);

// Orders versions of an outside system as people count: "9" < "10", "2.1" < "2.10". Negative, zero or positive.
int CompareSourceVersions(std::string_view a, std::string_view b);

// States that `number` reached the facility, or was opened there (which means that it had reached it). Never goes back:
// false where nothing changed. INVALID_ARGUMENT for a version that is not there.
absl::StatusOr<bool> Acknowledge(v1::Result& result, const std::string& facility_id, int number,
                                 v1::Acknowledgement what, const std::string& viewed_by, absl::Time now);

// What a caller outside the result's facilities is shown of one that does not count: where and when, never what.
void HideContent(v1::Result& result);

// What a facility that had accepted it sees of a result while the patient refuses that others see it: its id and nothing else.
v1::Result Withheld(std::string_view id);
bool IsWithheld(const v1::Result& result);

}  // namespace tongjian::exchange
