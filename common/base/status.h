// The two macros every fallible function uses, and errors that tell a program what to do.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace tongjian::base {

// What a program can act on, beside code and message. `reason` is a name of tongjian.common.v1.ErrorReason without its
// prefix (a test holds the two lists together); `field` is the request's field path, or empty.
struct ErrorDetail {
  std::string reason;
  std::string field;
  bool retryable = false;
};

// A status with a machine-readable detail. The message says what, expected and actual, and never holds patient data.
absl::Status Error(absl::StatusCode code, std::string_view reason, std::string_view field,
                   std::string_view message);

// The usual ones. InvalidField: the caller must change the request. NotFound: no such row, or none in the caller's scope.
// Conflict: the state or the etag has moved on (FAILED_PRECONDITION). Unavailable: try the same again later.
absl::Status InvalidField(std::string_view field, std::string_view message);
absl::Status NotFound(std::string_view what);
absl::Status Conflict(std::string_view reason, std::string_view message);
absl::Status Unavailable(std::string_view reason, std::string_view message);

// The detail of a status; reason is empty where it has none.
ErrorDetail DetailOf(const absl::Status& status);

}  // namespace tongjian::base

#define TJ_TRY(expression)                                     \
  do {                                                         \
    if (absl::Status tj_status = (expression); !tj_status.ok()) \
      return tj_status;                                        \
  } while (false)

#define TJ_CONCAT_INNER(a, b) a##b
#define TJ_CONCAT(a, b) TJ_CONCAT_INNER(a, b)
#define TJ_ASSIGN_OR_RETURN(declaration, expression) \
  TJ_ASSIGN_OR_RETURN_INNER(TJ_CONCAT(tj_result_, __LINE__), declaration, expression)
#define TJ_ASSIGN_OR_RETURN_INNER(result, declaration, expression) \
  auto result = (expression);                                      \
  if (!result.ok()) return std::move(result).status();             \
  declaration = std::move(result).value()
