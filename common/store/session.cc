#include "common/store/session.h"

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/connection.h"

namespace tongjian::store {

absl::StatusOr<std::vector<Row>> Session::QueryValues(std::string_view sql,
                                                      std::span<const Value> values) {
  TJ_ASSIGN_OR_RETURN(Connection::Result result, connection_.Run(sql, values, kRowsMax));
  if (result.more) {
    return base::Error(absl::StatusCode::kResourceExhausted, "OVERLOADED", "",
                       absl::StrCat("a query has more than ", kRowsMax, " rows"));
  }
  return std::move(result.rows);
}

absl::StatusOr<std::optional<Row>> Session::QueryOneValues(std::string_view sql,
                                                           std::span<const Value> values) {
  TJ_ASSIGN_OR_RETURN(Connection::Result result, connection_.Run(sql, values, 1));
  if (result.rows.empty()) return std::nullopt;
  return std::move(result.rows.front());
}

absl::StatusOr<int64_t> Session::ExecuteValues(std::string_view sql,
                                               std::span<const Value> values) {
  TJ_ASSIGN_OR_RETURN(const Connection::Result result, connection_.Run(sql, values, 0));
  return result.changed;
}

}  // namespace tongjian::store
