#include "services/orders/load_counter.h"

#include <utility>

namespace tongjian::orders {

void LoadCounter::Reset(Load load) {
  const std::lock_guard lock(mutex_);
  load_ = std::move(load);
}

Load LoadCounter::Now() const {
  const std::lock_guard lock(mutex_);
  return load_;
}

void LoadCounter::Add(const std::string& center_id, int64_t orders) {
  if (center_id.empty()) return;
  const std::lock_guard lock(mutex_);
  load_[center_id] += orders;
}

}  // namespace tongjian::orders
