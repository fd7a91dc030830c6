#include "common/store/sqlite_checkpointer.h"

#include <sqlite3.h>

#include <utility>

namespace tongjian::store {
namespace {

// Passive: never waits for the writer or a reader, and moves what it can.
void Checkpoint(sqlite3* database) {
  sqlite3_wal_checkpoint_v2(database, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace

SqliteCheckpointer::SqliteCheckpointer(std::unique_ptr<Connection> own, Connection& writer)
    : own_(std::move(own)), thread_([this] { Loop(); }) {
  // In the place of SQLite's own, which moves the log within the commit.
  sqlite3_wal_hook(static_cast<sqlite3*>(writer.sqlite_handle()), Committed, this);
}

SqliteCheckpointer::~SqliteCheckpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

int SqliteCheckpointer::Committed(void* self, sqlite3* writer, const char*, int pages) {
  auto& checkpointer = *static_cast<SqliteCheckpointer*>(self);
  if (pages < checkpointer.moved_) checkpointer.moved_ = 0;  // It began anew.
  // Moving it after each commit would write the same pages again and again.
  if (pages - checkpointer.moved_ < kLogPages) return SQLITE_OK;
  checkpointer.moved_ = pages;
  if (pages >= kLogPagesMax) {
    Checkpoint(writer);
  } else {
    const std::lock_guard lock(checkpointer.mutex_);
    checkpointer.due_ = true;
    checkpointer.changed_.notify_one();
  }
  return SQLITE_OK;
}

void SqliteCheckpointer::Loop() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return due_ || stopping_; });
    if (stopping_) return;
    due_ = false;
    lock.unlock();
    Checkpoint(static_cast<sqlite3*>(own_->sqlite_handle()));
    lock.lock();
  }
}

}  // namespace tongjian::store
