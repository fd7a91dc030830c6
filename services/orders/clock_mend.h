// Orders that were written while the clock stood in the future.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/base/jump_watch.h"
#include "services/orders/changes.h"

namespace tongjian::orders {

// Sets what `order` says of the future to `now`, and its deadline as much earlier, so that it does
// not wait at the end of a worklist for years. False when it says nothing of the future. What was
// written while the clock stood in the past is left: it is shown as overdue and read first.
bool Redate(Order& order, absl::Time now);

// Looks on start and after each jump of the clock. Not for concurrent use; `changes` must outlive
// it.
class ClockMend {
 public:
  explicit ClockMend(const Changes& changes)
      : changes_(changes), jumps_(changes.database().clock()) {}

  absl::Status RunOnce();

 private:
  // How many of one state it took up; at most a page.
  absl::StatusOr<int> MendSome(State state) const;

  const Changes& changes_;
  base::JumpWatch jumps_;
  bool due_ = true;
};

}  // namespace tongjian::orders
