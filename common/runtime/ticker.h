// A thread that does something at intervals.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::runtime {

// Calls `round` every `interval` of the machine's steady time, first after one. An error is logged
// (`round_failed`, with the name) and tried again.
class Ticker {
 public:
  Ticker(std::string_view name, absl::Duration interval, std::function<absl::Status()> round);
  ~Ticker();  // Waits for a running round.
  Ticker(const Ticker&) = delete;

 private:
  void Run();

  const std::string name_;
  const absl::Duration interval_;
  const std::function<absl::Status()> round_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace tongjian::runtime
