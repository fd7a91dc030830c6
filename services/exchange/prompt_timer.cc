#include "services/exchange/prompt_timer.h"

#include "common/base/check.h"
#include "common/telemetry/log.h"
#include "services/exchange/decisions.h"

namespace tongjian::exchange {
namespace {

constexpr int64_t kAtOnce = 200;

}  // namespace

void PromptTimer::Start() {
  TJ_CHECK(!thread_.joinable());
  stopping_ = false;
  thread_ = std::thread([this] { Run(); });
}

void PromptTimer::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PromptTimer::Run() {
  while (true) {
    const absl::StatusOr<int64_t> ignored = decisions_.IgnoreOverdue(clock_.Now(), kAtOnce);
    if (!ignored.ok()) {
      telemetry::Log(telemetry::Level::kWarning, "overdue_prompts_not_noted", {{"status", ignored.status()}});
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, absl::ToChronoMilliseconds(every_), [this] { return stopping_; })) return;
  }
}

}  // namespace tongjian::exchange
