// Copying a running SQLite database. Internal to common/store.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "common/store/connection.h"

namespace tongjian::store {

// Writes one snapshot of `source` to the new file `path`, durable on return; writers go on
// meanwhile. ALREADY_EXISTS when the file is there, RESOURCE_EXHAUSTED when the disk is full. A
// failed copy leaves nothing behind.
absl::Status BackupSqlite(Connection& source, const std::string& path);

}  // namespace tongjian::store
