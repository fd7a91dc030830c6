// What a driver's code means to a caller. Internal to common/store.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace tongjian::store {

// The status for an SQLite result code (extended or plain) or a PostgreSQL SQLSTATE. Only the code
// goes into the message: what drivers say contains bound values, that is patient data.
absl::Status FromSqlite(int code);
absl::Status FromSqlstate(std::string_view sqlstate);

// Whether the disk has let the writer down: nothing may be acknowledged any more.
bool IsFatalSqlite(int code);
// Whether PostgreSQL asks for the whole transaction to be run again.
bool IsCollision(std::string_view sqlstate);
// Whether a prepared statement is stale because another release changed a table: run again on a new
// connection.
bool IsStalePlan(std::string_view sqlstate);

// Whether `text` can be kept by both backends: valid UTF-8 without NUL.
bool IsStorableText(std::string_view text);

}  // namespace tongjian::store
