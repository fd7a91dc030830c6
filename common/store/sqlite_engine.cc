#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/base/status.h"
#include "common/store/connection_pool.h"
#include "common/store/engine.h"
#include "common/store/own_schema.h"
#include "common/store/sqlite_backup.h"
#include "common/store/sqlite_checkpointer.h"
#include "common/store/sqlite_writer.h"

namespace tongjian::store {
namespace {

// Milliseconds another process (a backup, a person's shell) may hold the file before a change is
// refused.
constexpr char kCommonPragmas[] =
    "pragma busy_timeout = 5000; pragma foreign_keys = on; pragma temp_store = memory;";
// The log is given back to the file system when it has grown past this many bytes.
constexpr char kWriterPragmas[] =
    "pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 67108864;";
constexpr char kReaderPragmas[] = "pragma query_only = on;";

absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& path, const char* pragmas) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connection::OpenSqlite(path));
  TJ_TRY(connection->Script(absl::StrCat(kCommonPragmas, pragmas)));
  return connection;
}

// One writer and a few readers on one file.
class SqliteEngine : public Engine {
 public:
  SqliteEngine(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpoints,
               const DatabaseOptions& options, const std::string& path, const base::Clock& clock,
               FeedHeads& heads)
      : path_(path),
        checkpointer_(std::move(checkpoints), *connection),
        writer_(std::move(connection), options, clock, heads),
        readers_(options.readers, [path] { return Connect(path, kReaderPragmas); }) {}

  absl::Status Write(const Change& change, Sync sync) override {
    return writer_.Write(change, sync);
  }

  absl::Status Read(const Query& query) override {
    TJ_ASSIGN_OR_RETURN(ConnectionPool::Lent reader, readers_.Take());
    reader->ClearFailure();
    TJ_TRY(reader->Do("begin"));
    Session session(*reader);
    absl::Status status = query(session);
    reader->ClearFailure();
    if (!reader->in_transaction() || !reader->Do("commit").ok()) reader.Discard();
    return status;
  }

  absl::Status Backup(const std::string& path) override {
    TJ_ASSIGN_OR_RETURN(const std::unique_ptr<Connection> source, Connect(path_, kReaderPragmas));
    return BackupSqlite(*source, path);
  }

  WriterStats writer_stats() const override { return writer_.stats(); }
  absl::Status health() const override { return writer_.health(); }
  bool is_postgres() const override { return false; }

 private:
  const std::string path_;
  SqliteCheckpointer checkpointer_;  // It watches the writer's connection.
  SqliteWriter writer_;
  ConnectionPool readers_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Engine>> OpenSqlite(const DatabaseOptions& options,
                                                   const std::string& path,
                                                   const base::Clock& clock, FeedHeads& heads) {
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, Connect(path, kWriterPragmas));
  TJ_TRY(PrepareSchema(*connection, options, clock.Now()));
  TJ_TRY(LoadHeads(*connection, heads));
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Connection> checkpoints, Connect(path, kWriterPragmas));
  return std::make_unique<SqliteEngine>(std::move(connection), std::move(checkpoints), options,
                                        path, clock, heads);
}

}  // namespace tongjian::store
