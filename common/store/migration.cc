#include "common/store/migration.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/base/status.h"
#include "common/store/connection.h"
#include "common/store/session.h"

namespace tongjian::store {
namespace {

constexpr char kTable[] = R"(
create table if not exists schema_migration (
  component text not null,
  number bigint not null,
  name text not null,
  checksum text not null,
  applied_at bigint not null,
  primary key (component, number)
))";

// FNV-1a, 64 bits: against accidents, not against malice.
std::string Checksum(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char c : text) hash = (hash ^ c) * 0x100000001b3;
  return absl::StrFormat("%016x", hash);
}

absl::Status Refused(std::string_view component, const Migration& migration, const char* why) {
  return base::Error(absl::StatusCode::kFailedPrecondition, "STATE_NOT_ALLOWED", "",
                     absl::StrFormat("migration %d (%s) of %s %s", migration.number, migration.name,
                                     std::string(component), why));
}

absl::Status Apply(Connection& connection, Session& session, std::string_view component,
                   const Migration& migration, absl::Time now) {
  TJ_ASSIGN_OR_RETURN(const std::optional<Row> applied,
                      session.QueryOne("select checksum from schema_migration "
                                       "where component = :component and number = :number",
                                       component, migration.number));
  const std::string checksum = Checksum(migration.sql);
  if (applied) {
    if (applied->Text(0) == checksum) return absl::OkStatus();
    return Refused(component, migration, "was applied with another text");
  }
  TJ_TRY(connection.Script(migration.sql));
  return session
      .Execute(
          "insert into schema_migration (component, number, name, checksum, applied_at) "
          "values (:component, :number, :name, :checksum, :applied_at)",
          component, migration.number, migration.name, checksum, now)
      .status();
}

}  // namespace

absl::Status Migrate(Connection& connection, std::string_view component,
                     const std::vector<Migration>& migrations, absl::Time now) {
  TJ_TRY(connection.Script(kTable));
  Session session(connection);
  int64_t last = 0;
  for (const Migration& migration : migrations) {
    if (migration.number <= last) return Refused(component, migration, "is out of order");
    last = migration.number;
    TJ_TRY(Apply(connection, session, component, migration, now));
  }
  return absl::OkStatus();
}

}  // namespace tongjian::store
