#include "services/exchange/prompt_timer.h"

#include "services/exchange/decisions.h"

namespace tongjian::exchange {
namespace {

constexpr int64_t kAtOnce = 200;

}  // namespace

absl::Status PromptTimer::RunOnce() {
  if (!jumps_.CalmFor(calm_)) return absl::OkStatus();
  return decisions_.IgnoreOverdue(clock_.Now(), kAtOnce).status();
}

}  // namespace tongjian::exchange
