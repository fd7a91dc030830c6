// Threads for work that waits for the disk, so that gRPC's own never do.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace tongjian::imaging {

// Runs tasks in the order they came, as many at once as there are threads. Whoever posts bounds how
// many it has waiting. Safe for concurrent use.
class Workers {
 public:
  explicit Workers(int threads);
  // Runs what is waiting, then ends.
  ~Workers();

  void Post(std::function<void()> task);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tongjian::imaging
