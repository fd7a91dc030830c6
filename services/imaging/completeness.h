// When a study is complete: pure rules over a Study's state, count and timer.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "services/imaging/study.h"

namespace tongjian::imaging {

// Each changes `study` and says which history entry that makes: an action ("completed", "verified",
// "reopened") or nothing. The ways: RECEIVING → COMPLETE | VERIFIED; COMPLETE → VERIFIED |
// REOPENED; VERIFIED → REOPENED; REOPENED → COMPLETE | VERIFIED.
using Transition = std::optional<std::string_view>;

// An instance that is new has been counted. Restarts the quiet time; a study that was complete is
// reopened, one whose sender's count is reached now is verified.
Transition Arrived(Study& study, absl::Time now, absl::Duration quiet_time);

// The sender says it is done, having counted `count` instances (0: not counted), of which we hold
// `held`. With fewer held than counted the study goes on receiving, until the rest or the quiet
// time.
Transition Finished(Study& study, int64_t count, int64_t held);

// A person says it is complete.
Transition Completed(Study& study);

// The quiet time is over: nothing came.
Transition Quiet(Study& study);

// Whether instances are still expected.
bool Open(StudyState state);

}  // namespace tongjian::imaging
