// When a study is complete: pure rules over a Study's state, count and timer.
#pragma once

#include <algorithm>
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

// A device says of its exam: begun, done or broken off. While a step is in progress more is to come, and
// the quiet time is `step_quiet_time`; once all have ended and nothing that they name is awaited it is
// complete; with something awaited the quiet time begins anew.
struct QuietRules {
  absl::Duration quiet_time = absl::Seconds(60);
  absl::Duration step_quiet_time = absl::Minutes(15);
  // Which one holds for a study whose exam stands so.
  absl::Duration Of(ExamState exam) const {
    return exam == ExamState::kInProgress ? std::max(quiet_time, step_quiet_time) : quiet_time;
  }
};
Transition Told(Study& study, absl::Time now, const QuietRules& rules);

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
