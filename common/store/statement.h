// One prepared statement with the places its parameters are bound to. Internal to common/store:
// includes SOCI.
#pragma once

#include <soci/soci.h>

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/store/connection.h"
#include "common/store/value.h"

namespace tongjian::store {

// Prepared once for one SQL text and one sequence of parameter types. SOCI binds addresses, so
// parameters are copied into slots that never move. Every function may throw what SOCI throws. Not
// safe for concurrent use.
class Statement {
 public:
  Statement(soci::session& session, Dialect dialect, const std::string& sql,
            std::span<const Value> values);

  Connection::Result Run(std::span<const Value> values, int64_t rows_max);

  // Ends a statement that was left before its last row, or failed: an open one holds an SQLite
  // snapshot.
  void Reset();

 private:
  struct Slot {
    soci::indicator indicator = soci::i_null;
    long long integer = 0;
    double real = 0;
    std::string text;
  };

  void Declare(const std::string& name, const Value& value);
  static void Fill(Slot& slot, const Value& value);

  const Dialect dialect_;
  std::deque<Slot> slots_;
  soci::row row_;
  soci::statement statement_;
};

// Distinguishes statements of one text by the types of their parameters: one letter each.
void AppendSignature(std::span<const Value> values, std::string& key);

// The names behind `:` in `sql`, each once, in the order of their first appearance. Quoted text,
// quoted identifiers, `::` and `:=` are passed over.
std::vector<std::string> ParameterNames(std::string_view sql);

}  // namespace tongjian::store
