// Connections shared by many threads. Internal to common/store.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/store/connection.h"

namespace tongjian::store {

// How long a caller waits for a free connection before it is told RESOURCE_EXHAUSTED.
inline constexpr absl::Duration kConnectionWaitMax = absl::Seconds(10);

// At most so many connections, made when first needed. Safe for concurrent use; it must outlive
// what it hands out.
class ConnectionPool {
 public:
  using Factory = std::function<absl::StatusOr<std::unique_ptr<Connection>>()>;

  // Gives its connection back when it ends; a broken one is thrown away.
  class Lent {
   public:
    Lent(ConnectionPool* pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    Lent(Lent&&) = default;
    Lent& operator=(Lent&&) = delete;
    ~Lent() {
      if (connection_ != nullptr) pool_->Return(std::move(connection_), discard_);
    }
    Connection& operator*() { return *connection_; }
    Connection* operator->() { return connection_.get(); }
    // It is in a state that nobody should meet: close it.
    void Discard() { discard_ = true; }

   private:
    ConnectionPool* const pool_;
    std::unique_ptr<Connection> connection_;
    bool discard_ = false;
  };

  ConnectionPool(int connections_max, Factory factory)
      : connections_max_(connections_max), factory_(std::move(factory)) {}

  absl::StatusOr<Lent> Take();

  // Closes the connections that are not in use: after one of them was found dead the others are
  // too.
  void CloseIdle();

 private:
  void Return(std::unique_ptr<Connection> connection, bool discard);

  const int connections_max_;
  const Factory factory_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  int in_use_ = 0;
};

}  // namespace tongjian::store
