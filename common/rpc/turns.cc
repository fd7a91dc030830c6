#include "common/rpc/turns.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "common/base/check.h"
#include "common/base/status.h"

namespace tongjian::rpc {

Turn::~Turn() { turns_.Leave(facility_); }

absl::StatusOr<std::unique_ptr<Turn>> Turns::Take(std::string_view facility, absl::Time deadline) {
  if (limits_.running_max == 0) return std::unique_ptr<Turn>();
  std::unique_lock lock(mutex_);
  const auto [found, fresh] = lines_.try_emplace(std::string(facility));
  Line& line = found->second;
  if (fresh) line.served = given_ - 1;
  // Whoever waits has no place to take: else it would have been called.
  const bool free =
      running_ < limits_.running_max && line.running < limits_.running_per_facility_max;
  if (free) {
    GiveLocked(line);
    return std::make_unique<Turn>(*this, std::string(facility));
  }
  if (static_cast<int64_t>(line.waiting.size()) >= limits_.waiting_per_facility_max) {
    ForgetLocked(found);
    return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                       "too many calls of this facility wait for their turn");
  }
  Waiting waiting;
  line.waiting.push_back(&waiting);
  ++waiting_;
  const auto called = [&] { return waiting.may_run; };
  if (deadline == absl::InfiniteFuture()) {
    waiting.called.wait(lock, called);
  } else {
    waiting.called.wait_until(lock, absl::ToChronoTime(deadline), called);
  }
  if (waiting.may_run) return std::make_unique<Turn>(*this, std::string(facility));
  line.waiting.erase(std::find(line.waiting.begin(), line.waiting.end(), &waiting));
  --waiting_;
  ForgetLocked(found);
  return base::Error(absl::StatusCode::kDeadlineExceeded, "OVERLOADED", "",
                     "the call's turn did not come in time");
}

void Turns::Leave(const std::string& facility) {
  const std::lock_guard lock(mutex_);
  const auto line = lines_.find(facility);
  TJ_CHECK(line != lines_.end() && line->second.running > 0 && running_ > 0);
  --line->second.running;
  --running_;
  CallNextLocked();
  ForgetLocked(line);
}

void Turns::GiveLocked(Line& line) {
  ++running_;
  ++line.running;
  line.served = given_ += 2;
}

void Turns::CallNextLocked() {
  while (running_ < limits_.running_max) {
    Line* next = nullptr;
    for (auto& [facility, line] : lines_) {
      if (line.waiting.empty() || line.running >= limits_.running_per_facility_max) continue;
      if (next == nullptr ||
          std::tie(line.running, line.served) < std::tie(next->running, next->served))
        next = &line;
    }
    if (next == nullptr) return;
    Waiting* const waiting = next->waiting.front();
    next->waiting.pop_front();
    --waiting_;
    GiveLocked(*next);
    waiting->may_run = true;
    waiting->called.notify_one();  // Under the mutex: the condition is on the waiter's stack.
  }
}

void Turns::ForgetLocked(Lines::iterator line) {
  if (line->second.running == 0 && line->second.waiting.empty()) lines_.erase(line);
}

int64_t Turns::running() const {
  const std::lock_guard lock(mutex_);
  return running_;
}

int64_t Turns::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_;
}

}  // namespace tongjian::rpc
