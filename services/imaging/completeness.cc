#include "services/imaging/completeness.h"

namespace tongjian::imaging {
namespace {

Transition Become(Study& study, StudyState state, std::string_view action) {
  study.quiet_at = absl::UnixEpoch();
  if (study.state == state) return std::nullopt;
  study.state = state;
  return action;
}

}  // namespace

bool Open(StudyState state) {
  return state == StudyState::kReceiving || state == StudyState::kReopened;
}

Transition Arrived(Study& study, absl::Time now, absl::Duration quiet_time) {
  // The count was said for all that the sender has, so the one that completes it needs no quiet
  // time.
  if (study.expected_count > 0 && study.instance_count == study.expected_count) {
    return Become(study, StudyState::kVerified, "verified");
  }
  study.quiet_at = now + quiet_time;
  if (Open(study.state)) return std::nullopt;
  study.state = StudyState::kReopened;
  return "reopened";
}

Transition Told(Study& study, absl::Time now, const QuietRules& rules) {
  if (!Open(study.state) || study.exam == ExamState::kNone) return std::nullopt;
  if (study.exam != ExamState::kInProgress && study.awaited == 0 && study.instance_count > 0)
    return Become(study, StudyState::kComplete, "completed");
  study.quiet_at = now + rules.Of(study.exam);
  return std::nullopt;
}

Transition Finished(Study& study, int64_t count, int64_t held) {
  if (count > 0) study.expected_count = count;
  if (count > 0 && count == held) return Become(study, StudyState::kVerified, "verified");
  if (count > held) return std::nullopt;
  // What was verified stays so when somebody says "done" once more without a count.
  if (study.state == StudyState::kVerified && count == 0) return std::nullopt;
  return Become(study, StudyState::kComplete, "completed");
}

Transition Completed(Study& study) {
  if (!Open(study.state)) return std::nullopt;
  return Become(study, StudyState::kComplete, "completed");
}

Transition Quiet(Study& study) {
  if (!Open(study.state)) {
    study.quiet_at = absl::UnixEpoch();
    return std::nullopt;
  }
  return Become(study, StudyState::kComplete, "completed");
}

}  // namespace tongjian::imaging
