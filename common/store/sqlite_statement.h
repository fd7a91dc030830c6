// A statement on SQLite, on its own interface: SOCI copies each row several times, and a service's
// time is mostly small statements. Internal to common/store.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "common/store/statement.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tongjian::store {

// What SqliteStatement throws; the driver's message stays behind, it may hold bound values.
struct SqliteFailure {
  int code;  // Extended.
};

class SqliteStatement final : public Statement {
 public:
  SqliteStatement(sqlite3* database, const std::string& sql, std::span<const Value> values);
  ~SqliteStatement() override;

  Connection::Result Run(std::span<const Value> values, int64_t rows_max) override;
  void Reset() override;

 private:
  void Describe();
  void Bind(int place, const Value& value);
  Value Cell(int column) const;
  Row CurrentRow() const;

  sqlite3* const database_;
  sqlite3_stmt* statement_ = nullptr;
  // Of each column of the result: declared as a whole number, and read as one whatever stands
  // there.
  std::vector<bool> integer_;
};

}  // namespace tongjian::store
