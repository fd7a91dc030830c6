#include "common/store/database.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "common/base/check.h"
#include "common/base/id.h"
#include "common/base/status.h"
#include "common/store/engine.h"
#include "common/store/feed.h"
#include "common/store/feed_heads.h"

namespace tongjian::store {
namespace {

constexpr size_t kNameMax = 31;

// The databases in whose changes or queries this thread is.
class Inside {
 public:
  explicit Inside(const void* database) : database_(database), outer_(innermost_) {
    innermost_ = this;
  }
  ~Inside() { innermost_ = outer_; }

  static bool Of(const void* database) {
    for (const Inside* inside = innermost_; inside != nullptr; inside = inside->outer_) {
      if (inside->database_ == database) return true;
    }
    return false;
  }

 private:
  static thread_local const Inside* innermost_;
  const void* const database_;
  const Inside* const outer_;
};

thread_local const Inside* Inside::innermost_ = nullptr;

absl::Status CheckName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (name.empty() || name.size() > kNameMax || !plain || !(name[0] >= 'a' && name[0] <= 'z')) {
    return base::InvalidField("name", "a database's name is 1 to 31 characters of a-z, 0-9 and _");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Engine>> OpenEngine(const DatabaseOptions& options,
                                                   const base::Clock& clock, FeedHeads& heads) {
  absl::string_view path = options.url;
  if (absl::ConsumePrefix(&path, "sqlite:")) {
    return OpenSqlite(options, std::string(path), clock, heads);
  }
  if (absl::StartsWith(options.url, "postgresql://") ||
      absl::StartsWith(options.url, "postgres://")) {
    return OpenPostgres(options, clock, heads);
  }
  return base::InvalidField("url", "a database's url begins with sqlite: or postgresql://");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> Database::Open(const DatabaseOptions& options,
                                                         const base::Clock& clock) {
  TJ_TRY(CheckName(options.name));
  auto heads = std::make_unique<FeedHeads>();
  TJ_ASSIGN_OR_RETURN(std::unique_ptr<Engine> engine, OpenEngine(options, clock, *heads));
  return std::unique_ptr<Database>(
      new Database(options.name, clock, std::move(heads), std::move(engine)));
}

Database::Database(std::string name, const base::Clock& clock, std::unique_ptr<FeedHeads> heads,
                   std::unique_ptr<Engine> engine)
    : name_(std::move(name)),
      clock_(clock),
      heads_(std::move(heads)),
      engine_(std::move(engine)),
      feed_(std::make_unique<Feed>(*this, *heads_)) {}

Database::~Database() = default;

absl::Status Database::Write(const std::function<absl::Status(Transaction&)>& change) {
  const Sync sync = TakeWantedSync();
  TJ_CHECK(!Inside::Of(this));
  return engine_->Write(
      [&](Transaction& transaction) {
        const Inside inside(this);
        return change(transaction);
      },
      sync);
}

absl::Status Database::Read(const std::function<absl::Status(Session&)>& query) {
  TJ_CHECK(!Inside::Of(this));
  const Inside inside(this);
  return engine_->Read(query);
}

Feed& Database::feed() { return *feed_; }
bool Database::is_postgres() const { return engine_->is_postgres(); }
WriterStats Database::writer_stats() const { return engine_->writer_stats(); }
absl::Status Database::health() const { return engine_->health(); }
absl::Status Database::Backup(const std::string& path) { return engine_->Backup(path); }

absl::Status Database::StartNewEpoch() {
  const std::string epoch = base::RandomHex(8);
  TJ_TRY(Write([&](Transaction& transaction) {
    return transaction.Execute("update store_feed_epoch set epoch = :epoch where id = 1", epoch)
        .status();
  }));
  heads_->set_epoch(epoch);
  return absl::OkStatus();
}

}  // namespace tongjian::store
