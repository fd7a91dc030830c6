// A TCP proxy on loopback with a rate: a township's line to its hub.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <mutex>
#include <thread>

namespace tongjian::edge {

// All connections share `rate` bytes a second toward the target; the way back is free. Cut closes what is open and refuses
// what comes until Mend.
class SlowLink {
 public:
  SlowLink(int target_port, int64_t rate);
  ~SlowLink();

  int port() const { return port_; }
  void Cut();
  void Mend() { cut_ = false; }
  // Bytes that went toward the target.
  int64_t carried() const { return carried_; }

 private:
  void Accept();
  void Carry(int from, int to, bool limited);
  // Waits for the line to be free for so many bytes.
  void Pace(int64_t bytes);

  const int target_port_;
  const int64_t rate_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> cut_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<int64_t> carried_{0};
  std::mutex mutex_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::mutex line_;
  double free_at_ = 0;
};

}  // namespace tongjian::edge
