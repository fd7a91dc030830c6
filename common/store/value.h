// What goes into a statement and what comes out of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "absl/time/time.h"

namespace tongjian::store {

// One bound parameter or one cell. Columns are `bigint` (int64), `double precision` or `text`;
// std::monostate is NULL.
using Value = std::variant<std::monostate, int64_t, double, std::string>;

// Conversions for bound parameters. Booleans and enums become integers, times microseconds since
// 1970 UTC. Text must be valid UTF-8 without NUL (INVALID_ARGUMENT when the statement runs): wrap
// anything else in Bytes().
inline Value ToValue(const Value& value) { return value; }
inline Value ToValue(std::nullopt_t) { return std::monostate(); }
inline Value ToValue(absl::Time time) { return absl::ToUnixMicros(time); }
template <typename T>
requires std::is_integral_v<T> || std::is_enum_v<T> Value ToValue(T number) {
  return static_cast<int64_t>(number);
}
template <typename T>
requires std::is_floating_point_v<T> Value ToValue(T number) { return static_cast<double>(number); }
template <typename T>
requires std::is_convertible_v<const T&, std::string_view> Value ToValue(const T& text) {
  return std::string(std::string_view(text));
}
template <typename T>
Value ToValue(const std::optional<T>& value) {
  return value ? ToValue(*value) : Value(std::monostate());
}

// Binary content as the base64 text that a `text` column keeps.
std::string Bytes(std::string_view content);

// One row of a result, columns counted from 0. It owns its cells. NULL reads as zero or empty; a
// column past the end, or one whose content is of another kind, is a programmer error and ends the
// process. Not safe for concurrent change.
class Row {
 public:
  explicit Row(std::vector<Value> cells) : cells_(std::move(cells)) {}

  size_t size() const { return cells_.size(); }
  bool IsNull(size_t column) const;
  int64_t Int(size_t column) const;
  double Real(size_t column) const;
  bool Bool(size_t column) const;
  std::string Text(size_t column) const;
  absl::Time Time(size_t column) const;
  // What was bound with store::Bytes.
  std::string Bytes(size_t column) const;
  // For nullable columns.
  std::optional<int64_t> OptionalInt(size_t column) const;
  std::optional<std::string> OptionalText(size_t column) const;
  std::optional<absl::Time> OptionalTime(size_t column) const;

 private:
  const Value& Cell(size_t column) const;

  std::vector<Value> cells_;
};

}  // namespace tongjian::store
