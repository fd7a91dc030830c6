#include "common/store/value.h"

#include <cmath>
#include <limits>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/check.h"

namespace tongjian::store {
namespace {

// Expressions such as count(*) come from SQLite as text, sum() from PostgreSQL as a decimal number.
int64_t IntFromText(const std::string& text) {
  int64_t number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  if (text == "t" || text == "true") return 1;
  if (text == "f" || text == "false") return 0;
  double real = 0;
  TJ_CHECK(absl::SimpleAtod(text, &real));
  TJ_CHECK(std::abs(real) <= static_cast<double>(int64_t{1} << 53));
  return static_cast<int64_t>(real);
}

int64_t IntFromReal(double real) {
  TJ_CHECK(std::abs(real) <= static_cast<double>(int64_t{1} << 53));
  return static_cast<int64_t>(real);
}

}  // namespace

std::string Bytes(std::string_view content) {
  return absl::Base64Escape(absl::string_view(content.data(), content.size()));
}

const Value& Row::Cell(size_t column) const {
  TJ_CHECK(column < cells_.size());
  return cells_[column];
}

bool Row::IsNull(size_t column) const {
  return std::holds_alternative<std::monostate>(Cell(column));
}

int64_t Row::Int(size_t column) const {
  const Value& cell = Cell(column);
  if (const auto* number = std::get_if<int64_t>(&cell)) return *number;
  if (const auto* text = std::get_if<std::string>(&cell)) return IntFromText(*text);
  if (const auto* real = std::get_if<double>(&cell)) return IntFromReal(*real);
  return 0;
}

double Row::Real(size_t column) const {
  const Value& cell = Cell(column);
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  if (const auto* number = std::get_if<int64_t>(&cell)) return static_cast<double>(*number);
  if (const auto* text = std::get_if<std::string>(&cell)) {
    double result = 0;
    TJ_CHECK(absl::SimpleAtod(*text, &result));
    return result;
  }
  return 0;
}

bool Row::Bool(size_t column) const { return Int(column) != 0; }

std::string Row::Text(size_t column) const {
  const Value& cell = Cell(column);
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* number = std::get_if<int64_t>(&cell)) return absl::StrCat(*number);
  if (const auto* real = std::get_if<double>(&cell)) return absl::StrCat(*real);
  return "";
}

absl::Time Row::Time(size_t column) const {
  // absl::ToUnixMicros saturates; the two ends stand for the infinities.
  const int64_t micros = Int(column);
  if (micros == std::numeric_limits<int64_t>::max()) return absl::InfiniteFuture();
  if (micros == std::numeric_limits<int64_t>::min()) return absl::InfinitePast();
  return absl::FromUnixMicros(micros);
}

std::string Row::Bytes(size_t column) const {
  std::string content;
  TJ_CHECK(absl::Base64Unescape(Text(column), &content));
  return content;
}

std::optional<int64_t> Row::OptionalInt(size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return Int(column);
}

std::optional<std::string> Row::OptionalText(size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

std::optional<absl::Time> Row::OptionalTime(size_t column) const {
  if (IsNull(column)) return std::nullopt;
  return Time(column);
}

}  // namespace tongjian::store
