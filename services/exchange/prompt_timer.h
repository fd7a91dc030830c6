// Notes prompts that nobody answered in time.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/time/time.h"
#include "common/base/clock.h"

namespace tongjian::exchange {

class Decisions;

// A thread that looks now and then. Start and Stop from one thread; what it is given must outlive it.
class PromptTimer {
 public:
  PromptTimer(const Decisions& decisions, const base::Clock& clock, absl::Duration every)
      : decisions_(decisions), clock_(clock), every_(every) {}
  ~PromptTimer() { Stop(); }

  void Start();
  void Stop();

 private:
  void Run();

  const Decisions& decisions_;
  const base::Clock& clock_;
  const absl::Duration every_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tongjian::exchange
