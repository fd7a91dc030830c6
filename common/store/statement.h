// One prepared statement with the places its parameters are bound to. Internal to common/store.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/connection.h"
#include "common/store/value.h"

namespace tongjian::store {

// Prepared once for one SQL text and one sequence of parameter types. Every function may throw what
// the driver's side throws (sqlite_statement.h, postgres_statement.h). Not safe for concurrent use.
class Statement {
 public:
  virtual ~Statement() = default;

  virtual Connection::Result Run(std::span<const Value> values, int64_t rows_max) = 0;
  // Ends a statement that failed: an open one holds an SQLite snapshot.
  virtual void Reset() = 0;
};

// Distinguishes statements of one text by the types of their parameters: one letter each.
void AppendSignature(std::span<const Value> values, std::string& key);

// The names behind `:` in `sql`, each once, in the order of their first appearance. Quoted text,
// quoted identifiers, `::` and `:=` are passed over.
std::vector<std::string> ParameterNames(std::string_view sql);

}  // namespace tongjian::store
