// Threads for connections: made as they are needed, up to a bound, behind a bounded queue. Internal
// to common/web.
#pragma once

#include <httplib.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tongjian::web {

// httplib's own queue is unbounded. Where this one is full, accepting waits.
class Workers : public httplib::TaskQueue {
 public:
  explicit Workers(int threads_max) : threads_max_(static_cast<size_t>(threads_max)) {}

  void enqueue(std::function<void()> task) override;
  void shutdown() override;

 private:
  void Run();

  const size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> tasks_;
  size_t idle_ = 0;  // Threads that wait for a task.
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tongjian::web
