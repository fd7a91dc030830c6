// A statement on PostgreSQL, through SOCI. Internal to common/store: includes SOCI.
#pragma once

#include <soci/soci.h>

#include <deque>
#include <span>
#include <string>

#include "common/store/statement.h"

namespace tongjian::store {

// SOCI binds addresses, so parameters are copied into slots that never move. Throws what SOCI
// throws.
class PostgresStatement final : public Statement {
 public:
  PostgresStatement(soci::session& session, const std::string& sql, std::span<const Value> values);

  Connection::Result Run(std::span<const Value> values, int64_t rows_max) override;
  void Reset() override {}

 private:
  struct Slot {
    soci::indicator indicator = soci::i_null;
    long long integer = 0;
    double real = 0;
    std::string text;
  };

  void Declare(const std::string& name, const Value& value);
  static void Fill(Slot& slot, const Value& value);

  std::deque<Slot> slots_;
  soci::row row_;
  soci::statement statement_;
};

}  // namespace tongjian::store
