#include "common/store/connection.h"

#include <libpq-fe.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <functional>
#include <string>
#include <unordered_map>

#include "common/base/check.h"
#include "common/base/status.h"
#include "common/store/driver_error.h"
#include "common/store/postgres_statement.h"
#include "common/store/sqlite_statement.h"
#include "common/store/statement.h"

namespace tongjian::store {
namespace {

absl::Status CheckText(std::span<const Value> values) {
  for (const Value& value : values) {
    const auto* text = std::get_if<std::string>(&value);
    if (text != nullptr && !IsStorableText(*text)) {
      return base::InvalidField("", "text is not valid UTF-8, or contains NUL");
    }
  }
  return absl::OkStatus();
}

// libpq waits forever by default.
std::string WithConnectTimeout(const std::string& url) {
  if (url.find("connect_timeout=") != std::string::npos) return url;
  return url + (url.find('?') == std::string::npos ? '?' : '&') + "connect_timeout=5";
}

}  // namespace

class Connection::Impl {
 public:
  explicit Impl(Dialect dialect) : dialect_(dialect) {}

  absl::Status Open(const std::string& place) {
    return Guard([&] {
      if (dialect_ == Dialect::kSqlite) {
        session_.open(soci::sqlite3, place);
        sqlite_api::sqlite3_extended_result_codes(sqlite(), 1);
      } else {
        session_.open(soci::postgresql, WithConnectTimeout(place));
        // By default notices go to the standard error, with whatever they quote.
        PQsetNoticeProcessor(
            postgres(), [](void*, const char*) {}, nullptr);
      }
      return absl::OkStatus();
    });
  }

  absl::StatusOr<Result> Run(std::string_view sql, std::span<const Value> values,
                             int64_t rows_max) {
    TJ_TRY(failure_);
    TJ_TRY(CheckText(values));
    std::string key(sql);
    AppendSignature(values, key);
    Result result;
    Statement* statement = nullptr;
    const absl::Status status = Guard([&] {
      statement = &Prepared(key, sql, values);
      result = statement->Run(values, rows_max);
      return absl::OkStatus();
    });
    if (!status.ok()) {
      if (statement != nullptr) statement->Reset();
      failure_ = status;
      return status;
    }
    return result;
  }

  absl::Status Script(const std::string& sql) {
    absl::Status status = dialect_ == Dialect::kSqlite ? ScriptSqlite(sql) : ScriptPostgres(sql);
    failure_.Update(status);
    return status;
  }

  bool alive() const {
    return dialect_ == Dialect::kSqlite || PQstatus(postgres()) == CONNECTION_OK;
  }

  sqlite_api::sqlite3* sqlite() {
    return static_cast<soci::sqlite3_session_backend*>(session_.get_backend())->conn_;
  }

  const Dialect dialect_;
  absl::Status failure_;
  int sqlite_code_ = 0;
  std::string sqlstate_;

 private:
  PGconn* postgres() const {
    auto& session = const_cast<soci::session&>(session_);
    return static_cast<soci::postgresql_session_backend*>(session.get_backend())->conn_;
  }

  Statement& Prepared(const std::string& key, std::string_view sql, std::span<const Value> values) {
    auto found = statements_.find(key);
    if (found != statements_.end()) return *found->second;
    if (statements_.size() >= kStatementsMax) statements_.clear();
    return *statements_.emplace(key, Prepare(std::string(sql), values)).first->second;
  }

  std::unique_ptr<Statement> Prepare(const std::string& sql, std::span<const Value> values) {
    if (dialect_ == Dialect::kPostgres)
      return std::make_unique<PostgresStatement>(session_, sql, values);
    return std::make_unique<SqliteStatement>(reinterpret_cast<::sqlite3*>(sqlite()), sql, values);
  }

  // Turns what the drivers throw into a status, keeping the code and dropping the message.
  absl::Status Guard(const std::function<absl::Status()>& work) {
    try {
      return work();
    } catch (const soci::postgresql_soci_error& error) {
      sqlstate_ = error.sqlstate();
      return FromSqlstate(sqlstate_);
    } catch (const SqliteFailure& failure) {
      sqlite_code_ = failure.code;
      return FromSqlite(sqlite_code_);
    } catch (const soci::sqlite3_soci_error& error) {
      sqlite_code_ = error.result();
      return FromSqlite(sqlite_code_);
    } catch (const std::exception&) {
      if (session_.get_backend() != nullptr) {
        return base::Error(absl::StatusCode::kInternal, "INTERNAL", "",
                           "the database library refused a statement");
      }
      return base::Unavailable("OVERLOADED", "the database cannot be reached");
    }
  }

  absl::Status ScriptSqlite(const std::string& sql) {
    const int result = sqlite_api::sqlite3_exec(sqlite(), sql.c_str(), nullptr, nullptr, nullptr);
    if (result == 0) return absl::OkStatus();
    sqlite_code_ = sqlite_api::sqlite3_extended_errcode(sqlite());
    return FromSqlite(sqlite_code_);
  }

  absl::Status ScriptPostgres(const std::string& sql) {
    PGresult* result = PQexec(postgres(), sql.c_str());
    const ExecStatusType kind = PQresultStatus(result);
    const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const std::string code = state == nullptr ? "08006" : state;
    PQclear(result);
    if (kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK || kind == PGRES_EMPTY_QUERY) {
      return absl::OkStatus();
    }
    sqlstate_ = code;
    return FromSqlstate(code);
  }

  soci::session session_;
  // After the session: statements end before it.
  std::unordered_map<std::string, std::unique_ptr<Statement>> statements_;
};

Connection::Connection(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Connection::~Connection() = default;

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenSqlite(const std::string& path) {
  // SOCI reads what holds an equals sign as a list of settings.
  if (path.empty() || path.find('=') != std::string::npos) {
    return base::InvalidField("url", "the path of a database is empty or contains '='");
  }
  auto impl = std::make_unique<Impl>(Dialect::kSqlite);
  TJ_TRY(impl->Open(path));
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::OpenPostgres(const std::string& url) {
  auto impl = std::make_unique<Impl>(Dialect::kPostgres);
  TJ_TRY(impl->Open(url));
  return std::unique_ptr<Connection>(new Connection(std::move(impl)));
}

absl::StatusOr<Connection::Result> Connection::Run(std::string_view sql,
                                                   std::span<const Value> values,
                                                   int64_t rows_max) {
  return impl_->Run(sql, values, rows_max);
}

absl::Status Connection::Do(std::string_view sql) { return impl_->Run(sql, {}, 0).status(); }

absl::Status Connection::Script(const std::string& sql) { return impl_->Script(sql); }
Dialect Connection::dialect() const { return impl_->dialect_; }
int Connection::sqlite_code() const { return impl_->sqlite_code_; }
const std::string& Connection::sqlstate() const { return impl_->sqlstate_; }
const absl::Status& Connection::failure() const { return impl_->failure_; }
bool Connection::in_transaction() {
  return sqlite_api::sqlite3_get_autocommit(impl_->sqlite()) == 0;
}
void Connection::ClearFailure() {
  impl_->failure_ = absl::OkStatus();
  impl_->sqlite_code_ = 0;
  impl_->sqlstate_.clear();
}
bool Connection::alive() const { return impl_->alive(); }
void* Connection::sqlite_handle() { return impl_->sqlite(); }

}  // namespace tongjian::store
