// A thread that does small chores at intervals. Internal to common/runtime.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace tongjian::runtime {

// Runs `chore` every `every` (the machine's clock) until it is destroyed, which waits for a running
// one.
class Housekeeper {
 public:
  Housekeeper(absl::Duration every, std::function<void()> chore);
  ~Housekeeper();
  Housekeeper(const Housekeeper&) = delete;

 private:
  void Work();

  const absl::Duration every_;
  const std::function<void()> chore_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace tongjian::runtime
