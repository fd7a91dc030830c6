// How many orders each center has open, for routing.
#pragma once

#include <mutex>
#include <string>

#include "services/orders/routing.h"

namespace tongjian::orders {

// Counted at the start and moved with every commit of this process; where several processes share a
// database it is an estimate, which is all routing needs. Safe for concurrent use.
class LoadCounter {
 public:
  void Reset(Load load);
  Load Now() const;
  // One order more or less; an empty center counts nothing.
  void Add(const std::string& center_id, int64_t orders);

 private:
  mutable std::mutex mutex_;
  Load load_;
};

}  // namespace tongjian::orders
