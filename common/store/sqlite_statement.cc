#include "common/store/sqlite_statement.h"

#include <sqlite3.h>

#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "common/base/check.h"

namespace tongjian::store {

SqliteStatement::SqliteStatement(sqlite3* database, const std::string& sql,
                                 std::span<const Value> values)
    : database_(database) {
  const int result = sqlite3_prepare_v3(database_, sql.c_str(), static_cast<int>(sql.size() + 1),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (result != SQLITE_OK) throw SqliteFailure{sqlite3_extended_errcode(database_)};
  // Both number a name where it first appears.
  TJ_CHECK(sqlite3_bind_parameter_count(statement_) == static_cast<int>(values.size()));
  Describe();
}

void SqliteStatement::Describe() {
  integer_.clear();
  for (int i = 0; i < sqlite3_column_count(statement_); ++i) {
    const char* const declared = sqlite3_column_decltype(statement_, i);
    integer_.push_back(declared != nullptr &&
                       absl::StrContains(absl::AsciiStrToLower(declared), "int"));
  }
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

// The values outlive the run: nothing is copied.
void SqliteStatement::Bind(int place, const Value& value) {
  int result = SQLITE_OK;
  if (const auto* integer = std::get_if<int64_t>(&value)) {
    result = sqlite3_bind_int64(statement_, place, *integer);
  } else if (const auto* real = std::get_if<double>(&value)) {
    result = sqlite3_bind_double(statement_, place, *real);
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    result = sqlite3_bind_text64(statement_, place, text->data(), text->size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
  } else {
    result = sqlite3_bind_null(statement_, place);
  }
  if (result != SQLITE_OK) throw SqliteFailure{result};
}

Value SqliteStatement::Cell(int column) const {
  const int type = sqlite3_column_type(statement_, column);
  if (type == SQLITE_NULL) return std::monostate();
  if (type == SQLITE_INTEGER || integer_[column])
    return static_cast<int64_t>(sqlite3_column_int64(statement_, column));
  if (type == SQLITE_FLOAT) return sqlite3_column_double(statement_, column);
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  return std::string(bytes == nullptr ? "" : bytes, sqlite3_column_bytes(statement_, column));
}

Row SqliteStatement::CurrentRow() const {
  std::vector<Value> cells;
  cells.reserve(integer_.size());
  for (size_t i = 0; i < integer_.size(); ++i) cells.push_back(Cell(static_cast<int>(i)));
  return Row(std::move(cells));
}

Connection::Result SqliteStatement::Run(std::span<const Value> values, int64_t rows_max) {
  for (size_t i = 0; i < values.size(); ++i) Bind(static_cast<int>(i) + 1, values[i]);
  Connection::Result result;
  int step = sqlite3_step(statement_);
  for (; step == SQLITE_ROW; step = sqlite3_step(statement_)) {
    // Another release has changed the table, and the statement was prepared anew under us.
    if (sqlite3_column_count(statement_) != static_cast<int>(integer_.size())) Describe();
    if (static_cast<int64_t>(result.rows.size()) >= rows_max) break;
    result.rows.push_back(CurrentRow());
  }
  if (step != SQLITE_ROW && step != SQLITE_DONE)
    throw SqliteFailure{sqlite3_extended_errcode(database_)};
  result.more = step == SQLITE_ROW;
  result.changed = sqlite3_stmt_readonly(statement_) != 0 ? 0 : sqlite3_changes(database_);
  Reset();
  return result;
}

// The result repeats the last failure, which the caller has in hand.
void SqliteStatement::Reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

}  // namespace tongjian::store
