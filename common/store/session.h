// Running SQL on one connection.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/store/value.h"

namespace tongjian::store {

class Connection;

// A result with more rows than this is refused (RESOURCE_EXHAUSTED): every list has a limit and a
// page.
inline constexpr int64_t kRowsMax = 100'000;

// SQL within one Read or one Write. Parameters are written `:name` and bound in the order in which
// the names first appear; a name may appear several times. A statement is prepared once per
// connection and SQL text, so texts should be few and fixed. Not safe for concurrent use, and not
// to be kept after the function it was given to has returned.
//
// A statement that failed ends its transaction: later ones answer the same error, and a change that
// reports success all the same is undone. So what may already be there is inserted with `on
// conflict`, and the count of changed rows is looked at.
//
// SQL that runs on both backends: name the type where PostgreSQL cannot see it (`cast(:at as
// bigint) + 1`, `cast(:name as text) is null`), and no `:` in comments.
//
// Errors never carry the driver's message (it contains bound values): ALREADY_EXISTS for a broken
// unique rule, FAILED_PRECONDITION for other constraints, UNAVAILABLE for busy or lost connections,
// RESOURCE_EXHAUSTED for a full disk, INVALID_ARGUMENT for text that is not UTF-8, INTERNAL for the
// rest, wrong SQL included.
class Session {
 public:
  // All rows, at most kRowsMax.
  template <typename... A>
  absl::StatusOr<std::vector<Row>> Query(std::string_view sql, const A&... arguments) {
    return QueryValues(sql, std::array<Value, sizeof...(A)>{ToValue(arguments)...});
  }

  // The first row, or nothing.
  template <typename... A>
  absl::StatusOr<std::optional<Row>> QueryOne(std::string_view sql, const A&... arguments) {
    return QueryOneValues(sql, std::array<Value, sizeof...(A)>{ToValue(arguments)...});
  }

  // Runs a statement without a result and says how many rows it changed.
  template <typename... A>
  absl::StatusOr<int64_t> Execute(std::string_view sql, const A&... arguments) {
    return ExecuteValues(sql, std::array<Value, sizeof...(A)>{ToValue(arguments)...});
  }

  // The same for parameters that are known only at run time.
  absl::StatusOr<std::vector<Row>> QueryValues(std::string_view sql, std::span<const Value> values);
  absl::StatusOr<std::optional<Row>> QueryOneValues(std::string_view sql,
                                                    std::span<const Value> values);
  absl::StatusOr<int64_t> ExecuteValues(std::string_view sql, std::span<const Value> values);

  explicit Session(Connection& connection) : connection_(connection) {}
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

 protected:
  Connection& connection_;
};

}  // namespace tongjian::store
