#include "common/store/own_schema.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/database.h"
#include "common/store/session.h"

namespace tongjian::store {
namespace {

constexpr char kFeed[] = R"(
create table store_feed_epoch (
  id bigint primary key,
  epoch text not null
);
create table store_feed_stream (
  stream text primary key,
  last_position bigint not null,
  trimmed_position bigint not null
);
create table store_feed_event (
  id {identity},
  stream text not null,
  position bigint,
  type text not null,
  key text not null,
  audiences text not null,
  payload text not null,
  occurred_at bigint not null,
  recorded_at bigint not null
);
create unique index store_feed_event_position on store_feed_event (stream, position);
create index store_feed_event_unsequenced on store_feed_event (id) where position is null;
create table store_feed_audience (
  stream text not null,
  facility text not null,
  position bigint not null,
  primary key (stream, facility, position)
);
)";

constexpr char kWork[] = R"(
create table store_request (
  caller text not null,
  method text not null,
  request_id text not null,
  fingerprint text not null,
  response text not null,
  created_at bigint not null,
  primary key (caller, method, request_id)
);
create index store_request_age on store_request (created_at);
create table store_lease (
  name text primary key,
  holder text not null,
  fence bigint not null,
  granted_at bigint not null,
  expires_at bigint not null
);
create table store_delivery (
  id {identity},
  queue text not null,
  destination text not null,
  kind text not null,
  payload text not null,
  state bigint not null,
  attempts bigint not null,
  last_error text not null,
  created_at bigint not null,
  next_at bigint not null,
  finished_at bigint
);
create index store_delivery_order on store_delivery (queue, state, destination, id);
create index store_delivery_list on store_delivery (queue, state, id);
create index store_delivery_done on store_delivery (queue, finished_at) where state = 1;
create table store_delivery_lane (
  queue text not null,
  destination text not null,
  ready_at bigint not null,
  leased_until bigint not null,
  fence bigint not null,
  primary key (queue, destination)
);
)";

constexpr char kConsumer[] = R"(
create table store_consumer (
  feed text primary key,
  cursor text not null,
  parked bigint not null,
  updated_at bigint not null
);
create table store_parked (
  id {identity},
  feed text not null,
  reference text not null,
  stream text not null,
  position bigint not null,
  type text not null,
  key text not null,
  audiences text not null,
  payload text not null,
  occurred_at bigint not null,
  parked_at bigint not null
);
create index store_parked_reference on store_parked (feed, reference, id);
create index store_parked_age on store_parked (feed, parked_at);
)";

// Rows numbered by the database, in the order of insertion.
std::string ForDialect(const char* sql, Dialect dialect) {
  const char* identity = dialect == Dialect::kSqlite
                             ? "integer primary key"
                             : "bigint generated always as identity primary key";
  return absl::StrReplaceAll(sql, {{"{identity}", identity}});
}

absl::Status Prepare(Connection& connection, const DatabaseOptions& options, absl::Time now) {
  Session session(connection);
  if (connection.dialect() == Dialect::kPostgres) {
    TJ_TRY(session
               .Query("select cast(pg_advisory_xact_lock(hashtext(:name)) as text)",
                      absl::StrCat("tongjian.", options.name))
               .status());
  }
  TJ_TRY(Migrate(connection, "store", OwnMigrations(connection.dialect()), now));
  TJ_TRY(Migrate(connection, options.name, options.migrations, now));
  return session
      .Execute(
          "insert into store_feed_epoch (id, epoch) values (1, :epoch) "
          "on conflict (id) do nothing",
          base::RandomHex(8))
      .status();
}

}  // namespace

std::vector<Migration> OwnMigrations(Dialect dialect) {
  return {{1, "feed", ForDialect(kFeed, dialect)},
          {2, "work", ForDialect(kWork, dialect)},
          {3, "consumer", ForDialect(kConsumer, dialect)}};
}

absl::Status PrepareSchema(Connection& connection, const DatabaseOptions& options, absl::Time now) {
  const bool sqlite = connection.dialect() == Dialect::kSqlite;
  TJ_TRY(connection.Script(sqlite ? "begin immediate" : "begin"));
  absl::Status status = Prepare(connection, options, now);
  if (status.ok()) status = connection.Script("commit");
  if (!status.ok()) {
    // The first failure is the one to report; the connection is closed after it.
    connection.Script("rollback").IgnoreError();
  }
  return status;
}

absl::Status LoadHeads(Connection& connection, FeedHeads& heads) {
  Session session(connection);
  TJ_ASSIGN_OR_RETURN(const std::optional<Row> epoch,
                      session.QueryOne("select epoch from store_feed_epoch where id = 1"));
  if (epoch) heads.set_epoch(epoch->Text(0));
  TJ_ASSIGN_OR_RETURN(const std::vector<Row> streams,
                      session.Query("select stream, last_position from store_feed_stream"));
  for (const Row& row : streams) heads.Advance(row.Text(0), row.Int(1));
  return absl::OkStatus();
}

}  // namespace tongjian::store
