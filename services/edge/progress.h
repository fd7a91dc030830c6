// How far the uploads that are under way have come, for those who look.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace tongjian::edge {

// Kept in memory: after a restart it is known again once the hub has been asked. Safe for concurrent
// use.
class Progress {
 public:
  struct Upload {
    bool sending = false;
    int64_t committed = 0;  // Bytes the hub has durably, as last heard.
  };
  struct Totals {
    int64_t sending = 0;
    int64_t committed = 0;
  };

  void Sending(const std::string& id);
  void Committed(const std::string& id, int64_t bytes);
  // The stream broke; what the hub has stays there.
  void Paused(const std::string& id);
  void Over(const std::string& id);

  // Nothing known is an upload that has not begun.
  Upload Find(const std::string& id) const;
  Totals Sum() const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, Upload> uploads_;  // Begun and not over.
};

}  // namespace tongjian::edge
