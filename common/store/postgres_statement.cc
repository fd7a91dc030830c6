#include "common/store/postgres_statement.h"

#include <algorithm>

#include "common/base/check.h"

namespace tongjian::store {
namespace {

Value Cell(const soci::row& row, size_t column) {
  if (row.get_indicator(column) == soci::i_null) return std::monostate();
  switch (row.get_properties(column).get_data_type()) {
    case soci::dt_string:
    case soci::dt_xml:
      return row.get<std::string>(column);
    case soci::dt_double:
      return row.get<double>(column);
    case soci::dt_integer:
      return static_cast<int64_t>(row.get<int>(column));
    case soci::dt_long_long:
      return static_cast<int64_t>(row.get<long long>(column));
    case soci::dt_unsigned_long_long:
      return static_cast<int64_t>(row.get<unsigned long long>(column));
    case soci::dt_date:
    case soci::dt_blob:
      break;
  }
  throw soci::soci_error("a column has a type that the store does not use");
}

Row CopyRow(const soci::row& row) {
  std::vector<Value> cells;
  cells.reserve(row.size());
  for (size_t i = 0; i < row.size(); ++i) cells.push_back(Cell(row, i));
  return Row(std::move(cells));
}

}  // namespace

PostgresStatement::PostgresStatement(soci::session& session, const std::string& sql,
                                     std::span<const Value> values)
    : statement_(session) {
  const std::vector<std::string> names = ParameterNames(sql);
  TJ_CHECK(names.size() == values.size());
  for (size_t i = 0; i < names.size(); ++i) Declare(names[i], values[i]);
  statement_.exchange(soci::into(row_));
  statement_.alloc();
  statement_.prepare(sql);
  statement_.define_and_bind();
}

void PostgresStatement::Declare(const std::string& name, const Value& value) {
  Slot& slot = slots_.emplace_back();
  if (std::holds_alternative<int64_t>(value)) {
    statement_.exchange(soci::use(slot.integer, slot.indicator, name));
  } else if (std::holds_alternative<double>(value)) {
    statement_.exchange(soci::use(slot.real, slot.indicator, name));
  } else {
    statement_.exchange(soci::use(slot.text, slot.indicator, name));
  }
}

void PostgresStatement::Fill(Slot& slot, const Value& value) {
  slot.indicator = std::holds_alternative<std::monostate>(value) ? soci::i_null : soci::i_ok;
  if (const auto* integer = std::get_if<int64_t>(&value)) slot.integer = *integer;
  if (const auto* real = std::get_if<double>(&value)) slot.real = *real;
  if (const auto* text = std::get_if<std::string>(&value)) slot.text = *text;
}

Connection::Result PostgresStatement::Run(std::span<const Value> values, int64_t rows_max) {
  TJ_CHECK(values.size() == slots_.size());
  for (size_t i = 0; i < values.size(); ++i) Fill(slots_[i], values[i]);
  Connection::Result result;
  bool got = statement_.execute(true);
  for (; got && static_cast<int64_t>(result.rows.size()) < rows_max; got = statement_.fetch()) {
    result.rows.push_back(CopyRow(row_));
  }
  result.more = got;
  result.changed = std::max<int64_t>(0, statement_.get_affected_rows());
  return result;
}

}  // namespace tongjian::store
