#include "common/store/connection_pool.h"

#include <utility>

#include "common/base/status.h"

namespace tongjian::store {

absl::StatusOr<ConnectionPool::Lent> ConnectionPool::Take() {
  {
    std::unique_lock lock(mutex_);
    const bool free = returned_.wait_for(lock, absl::ToChronoMilliseconds(kConnectionWaitMax), [&] {
      return !idle_.empty() || in_use_ < connections_max_;
    });
    if (!free) {
      return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                         "all connections to the database are in use");
    }
    ++in_use_;
    if (!idle_.empty()) {
      std::unique_ptr<Connection> connection = std::move(idle_.back());
      idle_.pop_back();
      return Lent(this, std::move(connection));
    }
  }
  absl::StatusOr<std::unique_ptr<Connection>> opened = factory_();
  if (!opened.ok()) {
    Return(nullptr, true);
    return opened.status();
  }
  return Lent(this, *std::move(opened));
}

void ConnectionPool::CloseIdle() {
  std::vector<std::unique_ptr<Connection>> closed;
  std::lock_guard lock(mutex_);
  closed.swap(idle_);
}

void ConnectionPool::Return(std::unique_ptr<Connection> connection, bool discard) {
  if (discard || !connection->alive()) connection.reset();
  {
    std::lock_guard lock(mutex_);
    --in_use_;
    if (connection != nullptr) idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

}  // namespace tongjian::store
