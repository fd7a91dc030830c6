#include "common/store/sqlite_backup.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>

#include "absl/cleanup/cleanup.h"
#include "common/base/status.h"
#include "common/store/driver_error.h"

namespace tongjian::store {
namespace {

namespace fs = std::filesystem;

absl::Status Copy(sqlite3* source, sqlite3* target) {
  sqlite3_backup* backup = sqlite3_backup_init(target, "main", source, "main");
  if (backup == nullptr) return FromSqlite(sqlite3_extended_errcode(target));
  // All pages in one step: one snapshot, whatever is written meanwhile.
  const int step = sqlite3_backup_step(backup, -1);
  const int finish = sqlite3_backup_finish(backup);
  if (step != SQLITE_DONE) return FromSqlite(step);
  return finish == SQLITE_OK ? absl::OkStatus() : FromSqlite(finish);
}

// The copy is written through SQLite with synchronous=FULL and without a journal file of its own.
absl::Status CopyToFile(sqlite3* source, const std::string& path) {
  sqlite3* target = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  const int opened = sqlite3_open_v2(path.c_str(), &target, flags, nullptr);
  const absl::Cleanup close = [target] { sqlite3_close(target); };
  if (opened != SQLITE_OK) return FromSqlite(opened);
  return Copy(source, target);
}

absl::Status Sync(const std::string& path, int flags) {
  const int file = open(path.c_str(), flags | O_CLOEXEC);
  if (file < 0) return absl::InternalError("a backup cannot be opened for syncing");
  const bool synced = fsync(file) == 0;
  close(file);
  return synced ? absl::OkStatus() : absl::InternalError("a backup cannot be synced");
}

}  // namespace

absl::Status BackupSqlite(Connection& source, const std::string& path) {
  std::error_code error;
  if (fs::exists(path, error)) {
    return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "",
                       "the file for the backup exists");
  }
  const std::string part = path + ".part";
  fs::remove(part, error);
  absl::Cleanup drop = [&] { fs::remove(part, error); };
  TJ_TRY(CopyToFile(static_cast<sqlite3*>(source.sqlite_handle()), part));
  TJ_TRY(Sync(part, O_RDWR));
  fs::rename(part, path, error);
  if (error) return absl::InternalError("a backup cannot be given its name");
  std::move(drop).Cancel();
  const std::string folder = fs::path(path).parent_path().string();
  return Sync(folder.empty() ? "." : folder, O_RDONLY | O_DIRECTORY);
}

}  // namespace tongjian::store
