// Moves SQLite's log into its file. Internal to common/store.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "common/store/connection.h"

struct sqlite3;

namespace tongjian::store {

// Pages by which the log has grown before they are moved, and that it has before the writer moves
// them itself.
inline constexpr int kLogPages = 1000;
inline constexpr int kLogPagesMax = 8000;

// Moves the log on a thread and a connection of its own, so that nobody's commit waits for it: that
// is two more syncs and thousands of pages. Where the writer never pauses, the log never ends and
// cannot begin anew; then the writer moves the rest when it has grown eightfold. A failure loses
// nothing: the log stays and is moved the next time, and a disk that fails is met by the writer's
// own sync.
class SqliteCheckpointer {
 public:
  // Watches the commits of `writer`, which must be closed before this ends.
  SqliteCheckpointer(std::unique_ptr<Connection> own, Connection& writer);
  ~SqliteCheckpointer();

 private:
  static int Committed(void* self, sqlite3* writer, const char* database, int pages);
  void Loop();

  const std::unique_ptr<Connection> own_;
  int moved_ = 0;  // Pages of the log when it was last moved; the writer's thread alone.
  std::mutex mutex_;
  std::condition_variable changed_;
  bool due_ = false;
  bool stopping_ = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace tongjian::store
