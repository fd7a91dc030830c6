#include "common/store/transaction.h"

#include <utility>

namespace tongjian::store {

void Transaction::Emit(Event event) {
  if (event.time == absl::Time()) event.time = now_;
  events_.push_back(std::move(event));
}

void Transaction::Audit(std::string record) {
  Event event;
  event.stream = kAuditStream;
  event.type = kAuditStream;
  event.payload = std::move(record);
  Emit(std::move(event));
}

void Transaction::AfterCommit(std::function<void()> notice) {
  notices_.push_back(std::move(notice));
}

}  // namespace tongjian::store
