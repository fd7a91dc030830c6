// Forward-only changes of a schema.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace tongjian::store {

class Connection;

// One numbered step. `sql` holds statements that run on SQLite and PostgreSQL alike; it must not
// change once released.
struct Migration {
  int64_t number = 0;
  std::string name;
  std::string sql;
};

// Applies, inside the open transaction of `connection`, those of `migrations` that `component` has
// not had yet, in order. FAILED_PRECONDITION when one that was applied has since been changed or
// when numbers do not rise. Steps that the database has and this program does not know are left
// alone: releases N-1 and N run side by side.
absl::Status Migrate(Connection& connection, std::string_view component,
                     const std::vector<Migration>& migrations, absl::Time now);

}  // namespace tongjian::store
