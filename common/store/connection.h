// One connection to a database: the only place where SOCI is spoken to. Internal to common/store.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/store/value.h"

namespace tongjian::store {

enum class Dialect { kSqlite, kPostgres };

// Statements kept prepared per connection; past it all are prepared anew.
inline constexpr size_t kStatementsMax = 256;

// Not safe for concurrent use. No exception of SOCI leaves it, and no message of a driver.
class Connection {
 public:
  // A connection to the SQLite file `path`, or to the PostgreSQL server at `url`.
  static absl::StatusOr<std::unique_ptr<Connection>> OpenSqlite(const std::string& path);
  static absl::StatusOr<std::unique_ptr<Connection>> OpenPostgres(const std::string& url);
  ~Connection();

  // Runs a prepared statement. Rows come back when it has any, at most `rows_max` of them (`more`
  // says that there were others).
  struct Result {
    std::vector<Row> rows;
    bool more = false;
    int64_t changed = 0;
  };
  absl::StatusOr<Result> Run(std::string_view sql, std::span<const Value> values, int64_t rows_max);

  // Runs several statements without parameters or results, as migrations and `begin`, `commit` and
  // `pragma` need.
  absl::Status Script(const std::string& sql);

  Dialect dialect() const;
  // What the driver said of the last failure: SQLite's extended code, or 0.
  int sqlite_code() const;
  // The SQLSTATE of the last failure on PostgreSQL, or empty.
  const std::string& sqlstate() const;
  // False when the server is gone: the connection is to be thrown away.
  bool alive() const;
  // The sqlite3* underneath, for the backup interface.
  void* sqlite_handle();

 private:
  class Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tongjian::store
