// SQLite on a file system with a plug to pull, so that a database meets the same power loss, full
// disk and failed syncs as the object store beside it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "common/blob/memory_files.h"

struct sqlite3_vfs;

namespace tongjian::testing {

// While it lives, every SQLite database that is opened in this process lies on `files`, at a path
// that `files` knows. It does what SQLite's own does on Linux: the name of a new log is made
// durable with its first sync, that of a new database is not. Databases must be closed before it is
// destroyed, and before `files` restarts. One at a time; safe for concurrent use.
class PowerVfs {
 public:
  explicit PowerVfs(blob::MemoryFiles& files);
  ~PowerVfs();

  blob::MemoryFiles& files() { return files_; }

  // What the connections to one database share: locks, and the index of its log.
  struct Shared;
  std::shared_ptr<Shared> SharedOf(const std::string& path);

 private:
  blob::MemoryFiles& files_;
  const std::unique_ptr<sqlite3_vfs> vfs_;
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<Shared>> shared_;
};

}  // namespace tongjian::testing
