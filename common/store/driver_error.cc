#include "common/store/driver_error.h"

#include <sqlite3.h>

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"

namespace tongjian::store {
namespace {

absl::Status Duplicate(std::string_view code) {
  return base::Error(absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", "",
                     absl::StrCat("a row with this key exists (", std::string(code), ")"));
}

absl::Status Constraint(std::string_view code) {
  return base::Error(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED", "",
                     absl::StrCat("a constraint is not met (", std::string(code), ")"));
}

absl::Status Full(std::string_view code) {
  return base::Error(absl::StatusCode::kResourceExhausted, "STORAGE_FULL", "",
                     absl::StrCat("the database has no room left (", std::string(code), ")"));
}

absl::Status Away(std::string_view code) {
  return base::Unavailable("OVERLOADED",
                           absl::StrCat("the database is busy or away (", std::string(code), ")"));
}

absl::Status Internal(std::string_view code) {
  return base::Error(absl::StatusCode::kInternal, "INTERNAL", "",
                     absl::StrCat("the database refused a statement (", std::string(code), ")"));
}

// The number of bytes that follow `lead`, and the bits of the code point in it; -1 when none can
// start so.
int Continuation(unsigned char lead, uint32_t* bits) {
  if (lead < 0x80) return *bits = lead, 0;
  if (lead >= 0xC2 && lead < 0xE0) return *bits = lead & 0x1F, 1;
  if (lead >= 0xE0 && lead < 0xF0) return *bits = lead & 0x0F, 2;
  if (lead >= 0xF0 && lead < 0xF5) return *bits = lead & 0x07, 3;
  return -1;
}

bool IsScalar(uint32_t code_point, int continuation) {
  if (continuation == 2) {
    return code_point >= 0x800 && (code_point < 0xD800 || code_point > 0xDFFF);
  }
  return continuation != 3 || (code_point >= 0x10000 && code_point <= 0x10FFFF);
}

}  // namespace

absl::Status FromSqlite(int code) {
  const std::string name = absl::StrCat("sqlite ", code);
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return Duplicate(name);
    default:
      break;
  }
  switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
      return Constraint(name);
    case SQLITE_FULL:
      return Full(name);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Away(name);
    default:
      return Internal(name);
  }
}

absl::Status FromSqlstate(std::string_view sqlstate) {
  const std::string name = absl::StrCat("sqlstate ", std::string(sqlstate));
  const std::string_view kind = sqlstate.substr(0, 2);
  if (sqlstate == "23505") return Duplicate(name);
  if (kind == "23") return Constraint(name);
  if (sqlstate == "53100") return Full(name);
  // Connection, resources, operator's intervention, collisions, lock not available.
  const bool away =
      kind == "08" || kind == "53" || kind == "57" || IsCollision(sqlstate) || sqlstate == "55P03";
  return away ? Away(name) : Internal(name);
}

bool IsFatalSqlite(int code) {
  const int kind = code & 0xFF;
  return kind == SQLITE_IOERR || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB ||
         kind == SQLITE_CANTOPEN || kind == SQLITE_READONLY;
}

bool IsCollision(std::string_view sqlstate) { return sqlstate == "40001" || sqlstate == "40P01"; }

bool IsStalePlan(std::string_view sqlstate) { return sqlstate == "0A000"; }

bool IsStorableText(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    uint32_t code_point = 0;
    const int continuation = Continuation(static_cast<unsigned char>(text[i]), &code_point);
    if (continuation < 0 || text[i] == '\0' || i + continuation >= text.size()) return false;
    for (int k = 1; k <= continuation; ++k) {
      const auto byte = static_cast<unsigned char>(text[i + k]);
      if ((byte & 0xC0) != 0x80) return false;
      code_point = code_point << 6 | (byte & 0x3F);
    }
    if (!IsScalar(code_point, continuation)) return false;
    i += continuation + 1;
  }
  return true;
}

}  // namespace tongjian::store
