// One connection to a database. Internal to common/store: only here are SOCI and the drivers spoken
// to.
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

  struct Result {
    std::vector<Row> rows;
    bool more = false;  // there were more rows than rows_max
    int64_t changed = 0;
  };
  // Runs a prepared statement and returns at most `rows_max` of its rows.
  absl::StatusOr<Result> Run(std::string_view sql, std::span<const Value> values, int64_t rows_max);

  // Runs one statement without parameters or results that comes again and again, `begin` or
  // `commit`: prepared, as in Run.
  absl::Status Do(std::string_view sql);

  // Runs several statements without parameters or results: migrations, `pragma`.
  absl::Status Script(const std::string& sql);

  Dialect dialect() const;
  // The first failure of Run or Script since ClearFailure, OK if there was none; with its SQLite
  // extended result code or its SQLSTATE (zero and empty otherwise). After one Run answers with it
  // and does nothing: PostgreSQL has given the transaction up by then, and both backends behave
  // alike.
  const absl::Status& failure() const;
  int sqlite_code() const;
  const std::string& sqlstate() const;
  void ClearFailure();
  // SQLite: whether a transaction is open; some failures end it behind one's back.
  bool in_transaction();
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
